"""The runs that points look at: each is made when the first point asks for it, and once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep

from keepfit.digest import sha256_file
from keepfit.sagemaker.conform.process import Command, Process, Server, free_ports
from keepfit.sagemaker.conform.sample import Sample
from keepfit.sagemaker.conform.stop import Stop, stop_of
from keepfit.sagemaker.conform.web import Web
from keepfit.sagemaker.tree import Tree

CANARY = "canary-5up3r-s3cr3t"  # in the environment of every run; nothing may repeat it
_TRAINING = 1800.0  # seconds that a training may take
READY = 240.0  # seconds that SageMaker waits for /ping
JOB = "conform-1"


@dataclass(frozen=True, slots=True)
class Run:
    """A training that ended."""

    tree: Tree
    code: int | None  # None: it had to be killed
    said: str
    before: dict[str, str]  # digest of every file of the input, by path, before
    after: dict[str, str]  # and after
    seconds: float = 0.0  # from SIGTERM to the end, where it was told to end

    @property
    def failure(self) -> bytes | None:
        """What it left to say why it failed."""
        return self.tree.failure.read_bytes() if self.tree.failure.is_file() else None

    @property
    def model(self) -> list[str]:
        """The files that it left as a model."""
        return sorted(files_below(self.tree.model))


@dataclass
class Bench:
    """A container's commands, a sample, and a folder for the trees."""

    train: Command
    serve: Command
    sample: Sample
    folder: Path
    ready: float = READY
    _running: list[Process] = field(default_factory=list)
    _trees: int = 0

    # --- trainings -------------------------------------------------------------------------------

    @cached_property
    def good(self) -> Run:
        """A training that must succeed: a file a label, one of them in a folder of its own; an
        empty resourceConfig.json; settings that SageMaker adds itself."""
        tree = self.tree()
        _write(tree.root / "input/config/resourceConfig.json", "")
        self._settings(tree, sagemaker_program="train.py", sagemaker_job_name='"conform"')
        for number, label in enumerate(self.sample.labels):
            place = "sub/folder/" if number == 1 else ""
            _write(tree.data / f"training/{place}part-{number}.csv", self.sample.csv(label))
        return self._run(tree)

    @cached_property
    def wrong_settings(self) -> Run:
        """A training with a setting that nobody knows, and a secret in the environment."""
        tree = self._tree_with_rows()
        self._settings(tree, no_such_setting_at_all="1")
        return self._run(tree)

    @cached_property
    def typed_settings(self) -> Run:
        """A training whose settings are no texts."""
        tree = self._tree_with_rows()
        settings = {**self.sample.hyperparameters, "seed": 1, "deep": {"a": [1]}}
        _write(tree.hyperparameters, json.dumps(settings))
        return self._run(tree)

    @cached_property
    def damaged_settings(self) -> Run:
        """A training whose settings are no JSON."""
        tree = self._tree_with_rows()
        _write(tree.hyperparameters, '{"kind": ')
        return self._run(tree)

    @cached_property
    def no_rows(self) -> Run:
        """A training without a channel."""
        tree = self.tree()
        self._settings(tree)
        return self._run(tree)

    @cached_property
    def damaged_rows(self) -> Run:
        """A training whose rows are bytes."""
        tree = self.tree()
        self._settings(tree)
        (tree.data / "training").mkdir(parents=True)
        (tree.data / "training" / "rows.csv").write_bytes(b"\xff\xfe\x00,\x80\n" * 40)
        return self._run(tree)

    @cached_property
    def stopped(self) -> Run:
        """A training that is told to end once it has said something, or has worked for a while."""
        tree = self._tree_with_rows()
        self._settings(tree)
        before = files_below(tree.root / "input")
        running = self._start(tree)
        for _ in range(100):
            if running.said or running.code is not None:
                break
            sleep(0.05)
        return self._ended(running, tree, before, patience=120)

    # --- servers ---------------------------------------------------------------------------------

    @cached_property
    def server(self) -> Server:
        """A server over the model of the good training."""
        return self.serving(self.good.tree)

    @cached_property
    def server_files(self) -> dict[str, str]:
        """The files of the model that the server serves, before anybody asked it anything."""
        return files_below(self.good.tree.model)

    @cached_property
    def stop(self) -> Stop:
        """A server that was told to end while requests were under way."""
        return stop_of(self.serving(self.good.tree), self.sample.payload * 300)

    @property
    def web(self) -> Web:
        """The client of that server."""
        return self.server.web

    @cached_property
    def batch(self) -> Server:
        """A server as a batch transform starts it."""
        return self.serving(self.good.tree, BATCH)

    @cached_property
    def no_model(self) -> Server:
        """A server over an empty folder, watched for a while."""
        return self.serving(self.tree(), patience=20)

    @cached_property
    def damaged_model(self) -> Server:
        """A server over a model of which every file was cut in half."""
        tree = self.tree()
        shutil.copytree(self.good.tree.model, tree.model, dirs_exist_ok=True)
        for file in tree.model.rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                file.write_bytes(data[: len(data) // 2])
        return self.serving(tree, patience=20)

    def serving(
        self, tree: Tree, environ: Mapping[str, str] | None = None, *, patience: float | None = None
    ) -> Server:
        """A server over the tree, ready or not; it is ended with the bench."""
        (port,) = free_ports(1)
        server = Server(self.serve, tree.root, self._environ(environ or {}), port=port)
        self._running.append(server)
        server.wait_until_ready(self.ready if patience is None else patience)
        return server

    # --- trees -----------------------------------------------------------------------------------

    def tree(self) -> Tree:
        """A new tree, as SageMaker lays it out."""
        self._trees += 1
        tree = Tree(self.folder / f"ml-{self._trees}")
        for place in (tree.data, tree.hyperparameters.parent, tree.model, tree.failure.parent):
            place.mkdir(parents=True)
        return tree

    def _tree_with_rows(self) -> Tree:
        tree = self.tree()
        _write(tree.data / "training" / "rows.csv", self.sample.csv())
        return tree

    def _settings(self, tree: Tree, **more: str) -> None:
        _write(tree.hyperparameters, json.dumps({**self.sample.hyperparameters, **more}))

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("KEEPFIT", "SAGEMAKER"))}
        return {**plain, "CONFORM_API_TOKEN": CANARY, "TRAINING_JOB_NAME": JOB, **more}

    def _start(self, tree: Tree) -> Process:
        running = Process(self.train, tree.root, self._environ({}))
        self._running.append(running)
        return running

    def _run(self, tree: Tree) -> Run:
        before = files_below(tree.root / "input")
        running = self._start(tree)
        code = running.wait(_TRAINING)
        running.end()
        return Run(tree, code, running.said, before, files_below(tree.root / "input"))

    def _ended(
        self, running: Process, tree: Tree, before: dict[str, str], *, patience: float
    ) -> Run:
        told = monotonic()
        running.tell_to_end()
        code = running.wait(patience)
        took = monotonic() - told
        running.end()
        return Run(tree, code, running.said, before, files_below(tree.root / "input"), took)

    def close(self) -> None:
        """End whatever runs."""
        while self._running:
            self._running.pop().end()


# What a batch transform tells its containers.
BATCH = {
    "SAGEMAKER_BATCH": "true",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB": "30",
    "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
    "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
}


@contextmanager
def opened(bench: Bench) -> Iterator[Bench]:
    """The bench, closed afterwards."""
    try:
        yield bench
    finally:
        bench.close()


def files_below(folder: Path) -> dict[str, str]:
    """The digest of every file below the folder, by path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
