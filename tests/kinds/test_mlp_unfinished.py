"""A training that is killed goes on from its last epoch, to the same bytes; and from no other's."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.mlp.unfinished import Unfinished, key_of

pytest.importorskip("torch", reason="needs keepfit[torch]")
PARAMS = {"epochs": 12, "hidden": [8], "dropout": 0.2, "learning_rate": 0.01, "patience": 20}


def lesson(folder=None, seed=3, rows=300):
    random = np.random.default_rng(seed)
    x, g = random.normal(size=rows), random.integers(0, 3, rows)
    table = pl.DataFrame({"x": x, "g": [f"g{place}" for place in g], "y": x * (g - 1)})
    return Lesson(("x", "g"), "y", table[:-60], table[-60:], Encode(), folder)


def fit(folder=None, warm=None, taught=None, seed=1, **params):
    asked = params_of("mlp-regressor")(**{**PARAMS, **params})
    own = kind("mlp-regressor")
    taught = taught or lesson()
    return own.fit(
        dataclasses.replace(taught, workplace=folder), asked, seed=seed, threads=1, warm=warm
    )


class Ended(Exception):
    """The training process is no more."""


@pytest.fixture
def epochs(monkeypatch):
    """How many epochs are run, and after how many the training ends."""
    seen = {"run": 0, "end": None}
    write = Unfinished.write

    def noting(self, progress):
        write(self, progress)
        seen["run"] += 1
        if seen["run"] == seen["end"]:
            raise Ended

    monkeypatch.setattr(Unfinished, "write", noting)
    return seen


def ended(epochs, folder, after=5, **how):
    """A training that ends in its midst; what it leaves behind."""
    epochs["run"], epochs["end"] = 0, after
    with pytest.raises(Ended):
        fit(folder, **how)
    epochs["run"], epochs["end"] = 0, None
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize("after", [1, 5, 11, 12])
def test_it_goes_on_from_its_last_epoch_to_the_same_bytes(tmp_path, epochs, after):
    whole = fit().save()
    ended(epochs, tmp_path, after)
    (tmp_path / "killed-while-it-wrote.4242.partial").write_bytes(b"half")
    model = fit(tmp_path)
    assert model.save() == whole
    assert model.resumed == f"after epoch {after} of 12"
    assert epochs["run"] == 12 - after
    assert [*tmp_path.iterdir()] == []
    assert fit(tmp_path).resumed == ""


def test_one_that_went_on_from_a_champion_goes_on_as_well(tmp_path, epochs):
    first = fit(seed=9)
    whole = fit(warm=first, taught=lesson(seed=4)).save()
    ended(epochs, tmp_path, warm=first, taught=lesson(seed=4))
    assert fit(tmp_path, warm=first, taught=lesson(seed=4)).save() == whole
    assert epochs["run"] == 7


OTHERS = {
    "another seed": {"seed": 2},
    "another param": {"learning_rate": 0.02},
    "fewer epochs": {"epochs": 8},
    "another row": {"taught": lesson(seed=4)},
    "one row less": {"taught": dataclasses.replace(lesson(), train=lesson().train[1:])},
    "other rows of validation": {
        "taught": dataclasses.replace(lesson(), validation=lesson().train)
    },
    "another order of the rows": {
        "taught": dataclasses.replace(lesson(), train=lesson().train.reverse())
    },
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_no_training_takes_anothers_progress_for_its_own(tmp_path, epochs, other):
    ended(epochs, tmp_path)
    assert fit(tmp_path, **other).save() == fit(**other).save()
    assert epochs["run"] == 2 * other.get("epochs", 12)


def test_progress_that_is_not_whole_is_passed_over(tmp_path, epochs):
    whole = fit().save()
    for spoil in (lambda d: d[:-1], lambda d: b"", lambda d: d[:400] + b"x" + d[401:]):
        file = ended(epochs, tmp_path)
        file.write_bytes(spoil(file.read_bytes()))
        assert fit(tmp_path).save() == whole
        assert epochs["run"] == 12


def test_a_folder_that_cannot_be_written_ends_no_training(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert fit(tmp_path / "file" / "deep").save() == fit().save()


def test_facts_that_run_together_have_other_keys():
    assert key_of(["ab", "c"]) != key_of(["a", "bc"]) != key_of(["abc"])
    assert key_of([np.zeros(2)]) == key_of([b"\0" * 16])


PROJECT = """
[project]
name = "kept"

[model.y]
kind     = "mlp-regressor"
target   = "y"
features = ["x", "g"]
data     = { source = "rows.csv", key = ["id"] }
split    = { by = "random", holdout = 0.2, validation = 0.1 }
promote  = { production = "auto" }
params   = { epochs = 400, patience = 400, batch_size = 16, hidden = [8], dropout = 0.1 }
"""


@pytest.mark.slow
def test_a_run_that_is_killed_is_gone_on_with_by_the_next_and_makes_the_same_version(tmp_path):
    digests = []
    for name in ("whole", "killed"):
        root = tmp_path / name
        root.mkdir()
        lesson().train.with_row_index("id").write_csv(root / "rows.csv")
        (root / "keepfit.toml").write_text(PROJECT)
        if name == "killed":
            killed_after_some_epochs(root)
            assert told(root, "list") == []
        assert ("· training resumed after epoch " in said(root, "run")) is (name == "killed")
        digests.append(told(root, "show", "y@latest")["manifest"]["candidate"]["digest"])
        assert [*(root / ".keepfit" / "unfinished" / "y").iterdir()] == []
    assert digests[0] == digests[1]
    done = subprocess.run(
        [sys.executable, "-m", "keepfit", "rebuild", "y@latest"],
        cwd=tmp_path / "killed",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "IDENTICAL" in done.stdout


def killed_after_some_epochs(root):
    """`keepfit run`, all of whose processes are killed as soon as there is progress to lose."""
    command = [sys.executable, "-m", "keepfit", "run"]
    quiet = subprocess.DEVNULL
    run = subprocess.Popen(command, cwd=root, stdout=quiet, stderr=quiet)
    folder, until = root / ".keepfit" / "unfinished" / "y", time.monotonic() + 120
    while not any(folder.glob("*.unfinished")):
        assert run.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.01)
    trainers = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(run.pid)], capture_output=True, text=True, check=True
    )
    for pid in map(int, trainers.stdout.split()):
        os.kill(pid, signal.SIGKILL)
    run.kill()
    run.wait()
    assert [*folder.glob("*.unfinished")]


def told(root, *arguments):
    return json.loads(said(root, *arguments, "--json"))


def said(root, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "keepfit", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
