"""A container's tree in a folder, and its commands as processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from keepfit.cli import main
from keepfit.lifecycle.rebuilding.bundle import open_bundle
from keepfit.sagemaker.tree import Tree
from keepfit.train.worker import Trainer

CONTRACT = Path(__file__).parents[3] / "shared" / "data" / "sagemaker_contract"


@dataclass(frozen=True)
class Said:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Container:
    """The tree of a container, and its working folder."""

    root: Path
    folder: Path
    call: Callable[..., Said]
    DECISIONS: ClassVar = {"kind": "sklearn", "estimator": "sklearn.tree.DecisionTreeClassifier"}

    @staticmethod
    def flowers(start=0, stop=150):
        """Three kinds, name and two lengths; one in twelve looks like another kind."""
        for i in range(start, stop):
            looks = (i + 1) % 3 if i % 12 == 5 else i % 3
            step = i * 7 % 11 / 10 + i / 10_000
            yield ("ash", "birch", "cedar")[i % 3], 1 + looks + step, 5 - looks + step / 3

    @staticmethod
    def csv_of(rows):
        return "".join(",".join(map(str, row)) + "\n" for row in rows)

    @property
    def tree(self):
        return Tree(self.root)

    def hyperparameters(self, **texts):
        """The very object; names with dots are spelt with two underscores."""
        named = {name.replace("__", "."): value for name, value in texts.items()}
        return self.file("input/config/hyperparameters.json", json.dumps(named))

    def channel(self, name, content, file="rows.csv", **about):
        """A file of a channel, and what the job tells of the channel."""
        self.file(f"input/data/{name}/{file}", content)
        if about:
            self.tell(name, **about)

    def tell(self, name, **about):
        told = json.loads(self.tree.channels.read_bytes()) if self.tree.channels.exists() else {}
        self.file("input/config/inputdataconfig.json", json.dumps({**told, name: about}))

    def file(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments):
        return [sys.executable, "-m", "keepfit", "sagemaker", *arguments]

    def environ(self, **more):
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("KEEPFIT", "SAGEMAKER"))}
        return {**plain, "KEEPFIT_ML_ROOT": str(self.root), **more}

    def train(self, *arguments, **environ):
        """What a job said; here in this process, which is quicker."""
        return self.call(self, "train", *arguments, **environ)

    def process(self, *arguments, **environ):
        """The same in a process of its own, as a container runs it."""
        done = subprocess.run(
            self.command("train", *arguments),
            cwd=self.folder,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert "a bug in keepfit" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def must_train(self, *arguments, **environ):
        return self.succeeded(self.train(*arguments, **environ))

    def succeeded(self, done):
        assert done.code == 0, (done.out, done.err)
        assert not self.tree.failure.exists()
        assert not self.tree.scratch.exists()
        return done

    @property
    def failure(self):
        return self.tree.failure.read_text()

    def opened(self):
        return open_bundle(self.tree.model, self.folder)


@pytest.fixture(scope="session")
def trainer():
    with Trainer() as trainer:
        trainer.start()
        yield trainer


@pytest.fixture
def call(trainer, capsys, monkeypatch):
    """Call `keepfit sagemaker` in this process, with a training process that others used."""

    def call(container, *arguments, **environ):
        for name in [name for name in os.environ if name.startswith(("KEEPFIT", "SAGEMAKER"))]:
            monkeypatch.delenv(name)
        for name, text in container.environ(**environ).items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr("keepfit.train.worker.Trainer", lambda: nullcontext(trainer))
        monkeypatch.chdir(container.folder)
        capsys.readouterr()
        code = 0
        try:
            main(["sagemaker", *arguments])
        except SystemExit as stop:
            code = stop.code or 0
        said = Said(code, *capsys.readouterr())
        assert "a bug in keepfit" not in said.err, said.err
        return said

    return call


@pytest.fixture
def container(bare):
    """A tree with settings and one channel of flowers, and no project."""
    made = bare
    made.hyperparameters(**made.DECISIONS)
    made.channel("training", made.csv_of(made.flowers()))
    return made


@pytest.fixture
def bare(tmp_path, call):
    """A container that was given nothing."""
    (tmp_path / "work").mkdir()
    (tmp_path / "ml").mkdir()
    return Container(tmp_path / "ml", tmp_path / "work", call)


@pytest.fixture
def contract():
    """The folder of the public sample."""
    if not CONTRACT.is_dir():
        pytest.skip("the shared data sets are not here")
    return CONTRACT
