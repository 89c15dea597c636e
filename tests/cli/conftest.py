import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keepfit.cli import main
from keepfit.digest import sha256_file
from keepfit.store.open import open_store
from keepfit.store.registry import Registry

CONFIG = """\
[project]
name = "taxi"

[model.fare]
kind = "ridge"
target = "fare"
features = ["distance_km", "borough"]

[model.fare.data]
source = "data/trips-*.csv"
time = "pickup_at"
key = ["trip_id"]

[model.fare.split]
holdout = "1 month"
"""
ROWS_A_MONTH = 40


def trips(month):
    """A month of made-up trips as CSV: the fare is 3 and 2 a kilometre, give or take."""
    lines = ["trip_id,pickup_at,distance_km,borough,fare"]
    for i in range(ROWS_A_MONTH):
        trip = month * ROWS_A_MONTH + i
        km, borough = 1 + trip * 7 % 19, ("bronx", "queens")[trip % 2]
        fare = 3 + 2 * km + trip * 13 % 5 / 10
        lines.append(
            f"{trip},2013-{month:02}-{1 + i % 28:02}T{i % 24:02}:00:00,{km},{borough},{fare}"
        )
    return "\n".join(lines) + "\n"


def assert_whole(folder):
    """A version's folder holds nothing, or all that its manifest names, as it names it."""
    files = {file for file in folder.rglob("*") if file.is_file()}
    if not files:
        return
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    named = {folder / file["path"]: file["sha256"] for file in manifest["files"]}
    assert files == named.keys() | {folder / "MANIFEST.json"}
    assert {file: sha256_file(file) for file in named} == named


@dataclass(frozen=True)
class Said:
    """What a call of keepfit said, and the code it ended with."""

    code: int
    out: str
    err: str

    def refuses(self, code, *words):
        """Whether it ended with the code and said all the words, and no traceback."""
        assert self.code == code, (self.code, self.out, self.err)
        assert "Traceback" not in self.err
        assert "a bug in keepfit" not in self.err
        for word in words:
            assert word in self.err, f"{word!r} is not in:\n{self.err}"


@dataclass(frozen=True)
class Project:
    """A project's folder, on which keepfit is called in a process of its own."""

    root: Path

    @property
    def store(self):
        return self.root / "store"

    def command(self, *arguments):
        return [sys.executable, "-m", "keepfit", *map(str, arguments)]

    def keepfit(self, *arguments, preexec_fn=None, **environ):
        """What a call says that has no terminal to ask at."""
        plain = {name: text for name, text in os.environ.items() if not name.startswith("KEEPFIT")}
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=plain | environ,
            preexec_fn=preexec_fn,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments):
        """The call as a running process that leads a group of its own, as in a terminal."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def file(self, name):
        return self.root / name

    def edit(self, name, old, new):
        """Replace text that must be there."""
        text = self.file(name).read_text()
        assert old in text
        self.file(name).write_text(text.replace(old, new))

    def months(self):
        return sorted(self.root.glob("data/trips-*.csv"))

    def rewrite(self, change):
        """Every row of every month as `change` makes it of the row's cells."""
        for file in self.months():
            head, *rows = file.read_text().splitlines()
            changed = [",".join(change(row.split(","))) for row in rows]
            file.write_text("\n".join([head, *changed]) + "\n")

    def mend(self):
        """The file and the months as they were at first."""
        self.file("keepfit.toml").write_text(CONFIG)
        self.file("data").mkdir(exist_ok=True)
        for month in (1, 2, 3):
            self.file(f"data/trips-2013-{month:02}.csv").write_text(trips(month))

    def version_file(self, name):
        """The named file of the only version."""
        [file] = self.store.glob(f"m/fare/v/*/*/{name}")
        return file

    def registry(self):
        return Registry(open_store(str(self.store)), clock=lambda: datetime.now(UTC), actor="test")

    def versions(self):
        """The versions in the store, once each byte of each was held against its digest.

        Nothing is half written: no record is void, no draft lies about, no stage names what is not
        there, and what was written of a version and never published is whole.
        """
        if not self.store.is_dir():
            return []
        registry = self.registry()
        found = []
        for model in registry.models():
            state = registry.state(model)
            assert not [entry for entry in state.entries if entry.void]
            for version in state.versions:
                assert registry.files(model, version)
                assert registry.evidence(model, version)
            assert {held.version for held in state.stages.values()} <= state.versions.keys()
            found += state.versions
        for attempt in self.store.glob("m/*/v/*/*"):
            assert_whole(attempt)
        drafts = self.store / "tmp"
        assert not (drafts.is_dir() and list(drafts.iterdir()))
        return found

    def recovers(self):
        """Whether the very same command, after mending, does what it was asked for."""
        self.mend()
        done = self.keepfit("run")
        assert done.code == 0, (done.out, done.err)
        return len(self.versions()) == 1


@pytest.fixture(scope="session")
def project_at():
    """What makes a project of a folder."""
    return Project


@pytest.fixture
def project(tmp_path):
    """Three months of trips and a file that declares one model; nothing was run."""
    fresh = Project(tmp_path / "taxi")
    fresh.root.mkdir()
    fresh.mend()
    return fresh


@pytest.fixture(scope="session")
def once_trained(tmp_path_factory):
    """The project after one run; to be copied, never changed."""
    trained = Project(tmp_path_factory.mktemp("trained") / "taxi")
    trained.root.mkdir()
    trained.mend()
    done = trained.keepfit("run")
    assert done.code == 0, done.err
    return trained


@pytest.fixture
def trained(once_trained, tmp_path):
    """The project after one run: a version in staging that waits for an answer."""
    shutil.copytree(once_trained.root, tmp_path / "taxi")
    return Project(tmp_path / "taxi")


@pytest.fixture
def interrupt():
    """Ctrl-C as a terminal sends it: to all processes of the group."""
    return lambda process: os.killpg(process.pid, signal.SIGINT)


@pytest.fixture
def call(capsys, monkeypatch):
    """Call keepfit in this process, which is quicker, in a project's folder."""

    def call(project, *arguments, **environ):
        for name in [name for name in os.environ if name.startswith("KEEPFIT")]:
            monkeypatch.delenv(name)
        for name, text in environ.items():
            monkeypatch.setenv(name, text)
        monkeypatch.chdir(project.root)
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code or 0
        return Said(code, *capsys.readouterr())

    return call
