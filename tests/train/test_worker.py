from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from keepfit.errors import KeepfitError, SystemFailure, UnknownName, UserError
from keepfit.train.worker import Trainer

WAITS = """
import os, pathlib, time
def change(rows):
    pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
    time.sleep(60)
    return rows
"""


@pytest.fixture
def heard():
    return []


@pytest.fixture
def trainer(heard):
    with Trainer(hear=heard.append) as trainer:
        yield trainer


def wait_for(path: Path, seconds: float = 20) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear")


def is_gone(pid: int, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # ended; only its parent has not looked yet
            return True
        time.sleep(0.02)
    return False


def train_elsewhere(job_file: Path, cwd: Path, environ: dict[str, str], umask: int) -> bytes:
    """The files' digest, trained by a trainer in a process with a world of its own."""
    code = """
    import os, sys, msgspec
    os.umask(int(sys.argv[2]))
    from keepfit.train.job import Job
    from keepfit.train.worker import Trainer
    job = msgspec.msgpack.decode(open(sys.argv[1], "rb").read(), type=Job)
    with Trainer() as trainer:
        fit = trainer.train(job).result()
    sys.stdout.buffer.write(msgspec.msgpack.encode([fit.files, fit.keys, fit.environment]))
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(job_file), str(umask)],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    ).stdout


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "ridge"},
        {"kind": "sklearn", "params": {"estimator": "sklearn.ensemble.ExtraTreesRegressor"}},
    ],
    ids=["ridge", "trees"],
)
def test_two_processes_in_different_worlds_make_the_same_bytes(project, tmp_path, model):
    if "params" in model:
        model["params"]["n_estimators"] = 5
    job_file = tmp_path / "job"
    job_file.write_bytes(msgspec.msgpack.encode(project.job(**model)))
    other = tmp_path / "other"
    other.mkdir()
    world = {"PYTHONHASHSEED": "1", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
    strange = {
        "PYTHONHASHSEED": "4711",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "2",
        "POLARS_MAX_THREADS": "2",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    one = train_elsewhere(job_file, tmp_path, world, 0o022)
    time.sleep(1.1)  # the clock of a zip file counts in seconds
    two = train_elsewhere(job_file, other, strange, 0o077)
    assert one == two


def test_a_second_job_is_trained_by_the_same_process(project, trainer):
    trainer.start()
    first, second = trainer.train(project.job()), trainer.train(project.job())
    assert first.worker.pid == second.worker.pid
    assert second.result().files == first.result().files  # asked for in the other order


def test_start_does_not_wait(trainer):
    begun = time.perf_counter()
    trainer.start()
    assert time.perf_counter() - begun < 0.2


def test_more_threads_are_another_process(project, trainer):
    one, two = trainer.train(project.job()), trainer.train(project.job(threads=2))
    assert one.worker.pid != two.worker.pid
    assert two.result().environment.variables["OMP_NUM_THREADS"] == "2"
    assert one.result().environment.variables["OMP_NUM_THREADS"] == "1"


def test_what_a_transform_prints_and_reads_does_not_meet_the_answers(project, trainer, heard):
    job = project.transforming("""
import os, sys
def change(rows):
    print("hello from the transform")
    os.write(1, b"raw hello\\n")
    os.system("echo hello from a child")
    assert sys.stdin.read() == ""
    return rows
""")
    assert trainer.train(job).result().candidate.model == "fare"
    trainer.close()
    text = "".join(heard)
    assert "hello from the transform" in text
    assert "raw hello" in text
    assert "hello from a child" in text


def test_a_killed_process_is_told_by_its_signal_and_the_next_job_gets_a_new_one(project, trainer):
    running = trainer.train(project.transforming(WAITS))
    os.kill(int(wait_for(project.root / "pid")), signal.SIGKILL)
    with pytest.raises(SystemFailure, match="trained fare was ended by SIGKILL") as caught:
        running.result()
    assert "memory" in caught.value.hint
    assert trainer.train(project.job()).result().candidate.model == "fare"


def test_a_process_that_ends_by_itself_is_told_with_its_last_words(project, trainer):
    job = project.transforming("""
import os, sys
def change(rows):
    print("I had enough", file=sys.stderr, flush=True)
    os._exit(7)
""")
    with pytest.raises(SystemFailure, match=r"ended with exit code 7\n  I had enough"):
        trainer.train(job).result()


def test_an_error_keeps_its_class_its_hint_and_its_facts(project, trainer):
    job = project.job(kind="rigde")
    with pytest.raises(UnknownName, match="Did you mean `ridge`") as caught:
        trainer.train(job).result()
    assert caught.value.name == "rigde"
    assert "ridge" in caught.value.known
    assert trainer.train(project.job()).result()


def test_a_transform_that_raises_is_the_users_error_with_its_line(project, trainer):
    job = project.transforming("def change(rows):\n    return rows.no_such_method()\n")
    with pytest.raises(UserError, match=r"steps\.py:2") as caught:
        trainer.train(job).result()
    assert "no_such_method" in caught.value.__notes__[0]  # what --debug shows


def test_an_error_that_nobody_meant_is_a_bug_with_its_traceback(project, trainer):
    job = msgspec.structs.replace(project.job(), paths={})
    with pytest.raises(KeepfitError, match="training fare failed: KeyError") as caught:
        trainer.train(job).result()
    assert caught.value.exit_code == 1
    assert "Traceback" in caught.value.__notes__[0]


def test_leaving_the_context_ends_a_training_under_way(project):
    with Trainer(hear=lambda _: None) as trainer:
        trainer.train(project.transforming(WAITS))
        pid = int(wait_for(project.root / "pid"))
    assert is_gone(pid)


PARENT = """
import sys, msgspec
from keepfit.train.job import Job
from keepfit.train.worker import Trainer
job = msgspec.msgpack.decode(open(sys.argv[1], "rb").read(), type=Job)
with Trainer() as trainer:
    trainer.train(job).result()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are of POSIX")
@pytest.mark.parametrize(("who", "number"), [("group", signal.SIGINT), ("parent", signal.SIGKILL)])
def test_stopping_the_parent_leaves_no_orphan(project, tmp_path, who, number):
    job_file = tmp_path / "job"
    job_file.write_bytes(msgspec.msgpack.encode(project.transforming(WAITS)))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(job_file)],
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    pid = int(wait_for(project.root / "pid"))
    if who == "group":
        os.killpg(parent.pid, number)
    else:
        os.kill(parent.pid, number)
    _, words = parent.communicate(timeout=10)
    assert is_gone(pid)
    assert parent.returncode != 0
    assert words.count(b"KeyboardInterrupt") == (1 if who == "group" else 0)


def test_the_parents_side_is_light():
    code = "import keepfit.train.worker, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not {b"numpy", b"polars", b"sklearn"} & set(loaded.split())
