"""Ctrl-C and code of the user's own that ends things: nothing is left behind."""

import signal
import time
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")

SLOW = """\
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def same(rows):
    (HERE / f"began-{os.getpid()}").touch()
    while (HERE / "slow").exists():
        time.sleep(0.02)
    return rows
"""


def with_transform(project, text, name="same"):
    project.file("features.py").write_text(text)
    project.edit(
        "keepfit.toml", 'key = ["trip_id"]', f'key = ["trip_id"]\ntransform = "features:{name}"'
    )


def began(project, processes):
    """The ids of the processes in which the transform began, once there are so many."""
    until = time.monotonic() + 30
    while len(found := list(project.root.glob("began-*"))) < processes:
        assert time.monotonic() < until, "the transform was not called"
        time.sleep(0.02)
    return [int(file.name.removeprefix("began-")) for file in found]


def lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@needs_proc
@pytest.mark.parametrize("verb", [("run",), ("train", "fare")], ids=["run", "train"])
def test_ctrl_c_while_training_ends_every_process_and_publishes_nothing(project, interrupt, verb):
    with_transform(project, SLOW)
    project.file("slow").touch()
    running = project.start(*verb)
    processes = began(project, 2)  # this one prepares the holdout, the other one trains
    assert running.pid in processes
    interrupt(running)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Nothing is half written; run the same command again" in err
    assert "Traceback" not in err
    assert out == ""
    assert not [pid for pid in processes if lives(pid)]
    assert project.versions() == []
    project.file("slow").unlink()
    done = project.keepfit("run")
    assert done.code == 0, done.err
    assert len(project.versions()) == 1


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@needs_proc
def test_ctrl_c_before_the_training_process_is_ready_prints_no_traceback(project, interrupt):
    running = project.start("run")
    while not (begun := children(running.pid)) and running.poll() is None:
        time.sleep(0.001)
    time.sleep(0.1)  # it has begun to import, and nothing else
    interrupt(running)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert err.strip() == "keepfit: stopped. Nothing is half written; run the same command again."
    until = time.monotonic() + 20
    while any(map(lives, begun)):  # it ends once it has imported enough to see that nobody is there
        assert time.monotonic() < until
        time.sleep(0.01)


@needs_proc
def test_ctrl_c_while_predicting_leaves_no_output(project, interrupt):
    with_transform(project, SLOW)
    assert project.keepfit("run").code == 0
    for trace in project.root.glob("began-*"):
        trace.unlink()
    project.file("slow").touch()
    running = project.start("predict", "fare@latest", "data/trips-2013-01.csv", "out.csv")
    began(project, 1)
    interrupt(running)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "keepfit: stopped." in err
    assert not list(project.root.glob("*out*"))
    assert len(project.versions()) == 1


@pytest.mark.parametrize("after", [0.2, 0.5, 0.8])
def test_ctrl_c_at_any_moment_leaves_a_whole_store(project, interrupt, after):
    running = project.start("run")
    time.sleep(after)
    interrupt(running)
    _, err = running.communicate(timeout=20)
    # Python itself ends with the signal where its own start or end was interrupted.
    assert running.returncode in (0, 130, -signal.SIGINT)
    if running.returncode == 130:
        assert "keepfit: stopped." in err
        assert "Traceback" not in err
    before = project.versions()
    done = project.keepfit("run")
    assert done.code == 0, done.err
    assert project.versions()[: len(before)] == before
    assert len(project.versions()) == 1


RAISING = """\
import polars as pl
import sys

def boom(rows):
    raise ValueError("no such borough")

def lazily(rows):
    return rows.with_columns(twice=pl.col("nowhere") * 2)

def leave(rows):
    sys.exit(0)

def shorter(rows):
    return rows.head(3)

def two(rows, more):
    return rows
"""


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("lazily", 2, ["lazily raised ColumnNotFoundError at features.py:7", "nowhere", "next: "]),
        ("leave", 2, ["leave raised SystemExit at features.py:11", "next: "]),
        ("shorter", 2, ["shorter made 3 rows of 120; expected one for each", "next: "]),
        ("two", 2, ["two raised TypeError", "'more'", "next: "]),
        ("bom", 2, ["features.py has no function `bom`", "Did you mean `boom`?"]),
    ],
)
def test_a_transform_that_fails_is_named_with_its_line(project, name, code, words):
    with_transform(project, RAISING, name)
    project.keepfit("run").refuses(code, *words)
    assert project.versions() == []


def test_a_transform_that_raises_is_named_with_its_line_and_runs_once_mended(project):
    with_transform(project, RAISING, "boom")
    said = project.keepfit("run")
    said.refuses(2, "boom raised ValueError at features.py:5: no such borough", "next: ")
    project.edit("features.py", 'raise ValueError("no such borough")', "return rows")
    done = project.keepfit("run")
    assert done.code == 0, done.err
    assert len(project.versions()) == 1


@pytest.mark.parametrize(
    ("verb", "text", "words"),
    [
        ("check", "def same(:\n", ["features.py:1", "invalid syntax"]),
        ("check", "\nimport nowhere_at_all\n", ["features.py:2", "nowhere_at_all"]),
        ("run", "raise SystemExit(7)\n", ["features.py:1", "SystemExit: 7"]),
    ],
)
def test_code_that_cannot_be_imported_is_named_with_its_line(project, verb, text, words):
    with_transform(project, text)
    project.keepfit(verb).refuses(2, *words, "next: ")
    assert project.versions() == []


def test_a_transform_that_kills_its_process_is_told_and_leaves_a_whole_store(project):
    with_transform(
        project,
        "import os\n\ndef same(rows):\n    if os.environ.get('PYTHONHASHSEED') == '0':\n"
        "        os._exit(9)\n    return rows\n",
    )
    said = project.keepfit("run")
    said.refuses(4, "the process that trained fare ended with exit code 9", "next: ")
    assert project.versions() == []
