import contextlib
import json
import os
import subprocess
import sys
import time

import polars as pl
import pytest


def test_predict_writes_a_file_and_says_where(trained, call):
    said = call(trained, "predict", "fare@staging", "data/trips-2013-02.csv", "out.csv")
    assert said.code == 0
    assert said.out.startswith("✓ 40 rows predicted by 1.0.0-x")
    assert said.out.splitlines()[-1] == "Look at them in out.csv"
    rows = pl.read_csv(trained.file("out.csv"))
    assert rows.columns == ["trip_id", "prediction", "version"]
    assert rows["trip_id"].to_list() == list(range(80, 120))


def test_json_tells_what_was_written(trained, call):
    said = call(trained, "predict", "fare@1", "data/trips-2013-02.csv", "out.parquet", "--json")
    (version,) = trained.registry().state("fare").versions
    assert json.loads(said.out) == {
        "version": version,
        "rows": 40,
        "rejected": 0,
        "output": "out.parquet",
    }


def test_rejected_rows_are_told_and_kept_apart(trained, call):
    trained.edit("data/trips-2013-02.csv", "80,2013-02-01T00:00:00,", "80,2013-02-01T00:00:00,far")
    said = call(trained, "predict", "fare@1", "data/trips-2013-02.csv", "out.csv")
    assert said.code == 0
    assert "! 1 row rejected: out.rejects.csv" in said.out
    (row,) = pl.read_csv(trained.file("out.rejects.csv")).iter_rows(named=True)
    assert (row["row"], row["trip_id"]) == (1, 80)
    assert row["reason"].startswith("distance_km: 'far")


def test_nothing_is_written_over_unasked(trained, call):
    trained.file("out.csv").write_text("mine")
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    call(trained, *arguments).refuses(2, "out.csv is there already", "--overwrite")
    assert trained.file("out.csv").read_text() == "mine"
    assert call(trained, *arguments, "--overwrite").code == 0


def test_prediction_needs_no_scikit_learn(trained):
    look = (
        "import sys; from keepfit.cli import main\n"
        "try: main(['predict', 'fare@1', 'data/trips-2013-02.csv', 'out.csv', '--quiet'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print({'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=trained.root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
    assert trained.file("out.csv").is_file()


STOPS = """\
import time
from pathlib import Path

HERE = Path(__file__).parent

def waits(rows):
    # the second file of rows is slow, as long as somebody wants it to be
    if (HERE / "first").exists():
        (HERE / "second").touch()
        while (HERE / "slow").exists():
            time.sleep(0.02)
    elif (HERE / "slow").exists():
        (HERE / "first").touch()
    return rows
"""


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(project, interrupt):
    project.file("features.py").write_text(STOPS)
    project.edit("keepfit.toml", "[model.fare.split]", "")
    project.edit("keepfit.toml", 'holdout = "1 month"', "")
    project.edit("keepfit.toml", 'key = ["trip_id"]', KEY_AND_TRANSFORM)
    assert project.keepfit("run").code == 0
    project.file("slow").touch()
    arguments = ["predict", "fare@latest", "data", "all.csv"]
    running = project.start(*arguments)
    until = time.monotonic() + 50
    while not project.file("second").exists():
        assert time.monotonic() < until, running.communicate()
        time.sleep(0.02)
    interrupt(running)
    time.sleep(0.1)
    project.file("slow").unlink()  # polars lets its threads end first
    _, err = running.communicate(timeout=50)
    assert running.returncode == 130, err
    assert "40 rows done and kept; the rest is left to do." in err
    assert "run the same command again" in err
    assert not project.file("all.csv").exists()
    said = project.keepfit(*arguments)
    assert said.code == 0, said.err
    assert "going on after 40 rows that an earlier try has done" in said.err
    assert pl.read_csv(project.file("all.csv"))["trip_id"].to_list() == list(range(40, 160))
    assert not list(project.root.glob(".all*"))


KEY_AND_TRANSFORM = """key = ["trip_id"]
transform = "features:waits"

[model.fare.split]
holdout = "1 month"
"""


def test_a_finished_job_says_so_and_does_nothing(trained, call):
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    assert call(trained, *arguments).code == 0
    before = trained.file("out.csv").stat()
    said = call(trained, *arguments)
    assert said.code == 0
    assert said.out.startswith("✓ finished before: 40 rows predicted by 1.0.0-x")
    assert "--overwrite predicts them again" in said.out
    assert trained.file("out.csv").stat() == before
    told = json.loads(call(trained, *arguments, "--json").out)
    assert told["finished"] is True


def test_a_folder_of_rows_becomes_a_folder_of_predictions(trained, call):
    said = call(trained, "predict", "fare@1", "data", "out", "--format", "parquet")
    assert said.code == 0
    assert said.out.startswith("✓ 120 rows predicted by 1.0.0-x")
    names = sorted(file.name for file in trained.file("out").iterdir())
    assert names == [f"trips-2013-0{month}.parquet" for month in (1, 2, 3)]


def test_the_share_of_rejects_has_a_limit(trained, call):
    trained.edit("data/trips-2013-02.csv", "T00:00:00,", "T00:00:00,far")
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    said = call(trained, *arguments, "--max-rejects", "2%")
    said.refuses(
        3, "of 40 rows cannot be answered", "--max-rejects allows 2%", "row 1, distance_km: "
    )
    assert not trained.file("out.csv").exists()
    assert trained.file("out.rejects.csv").exists()
    done = call(trained, *arguments, "--max-rejects", "10%")
    assert done.code == 0
    assert "rows/s" not in done.out  # the first try had done them all
    assert pl.read_csv(trained.file("out.csv")).height == 38


@pytest.mark.parametrize("share", ["many", "101%", "-1%", "1.5", ""])
def test_a_share_that_is_none_is_refused(trained, call, share):
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv", f"--max-rejects={share}"]
    call(trained, *arguments).refuses(2, f"--max-rejects {share}: expected a share of rows", "1%")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--top-k", "2"], ["--top-k: fare predicts numbers", "leave out --top-k"]),
        (["--select", "predicton"], ["called `predicton`", "Did you mean `prediction`?"]),
        (["--format", "parquet"], ["--format parquet: out.csv says csv"]),
        (["--top-k", "-1"], ["-1 is not in the range"]),
    ],
)
def test_answers_that_there_are_none_of_are_refused(trained, call, flags, words):
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv", *flags]
    call(trained, *arguments).refuses(2, *words)
    assert not list(trained.root.glob("*out*"))


def test_select_leaves_key_and_version(trained, call):
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    assert call(trained, *arguments, "--select", " prediction ,").code == 0
    assert pl.read_csv(trained.file("out.csv")).columns == ["trip_id", "prediction", "version"]


def test_a_disk_without_room_is_told_with_what_keeps_the_work(trained):
    resource = pytest.importorskip("resource")

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (800, 800))

    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    said = trained.keepfit(*arguments, preexec_fn=little_room)
    said.refuses(4, "File too large", "run the same command again")
    assert not list(trained.root.glob("*out*"))
    assert trained.keepfit(*arguments).code == 0


def test_an_output_below_the_rows_is_refused(trained, call):
    call(trained, "predict", "fare@1", "data", "data/out").refuses(
        2, "would read it as rows", "next"
    )


def test_a_terminal_shows_a_bar_with_rate_and_time_left(trained):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = trained.command("predict", "fare@1", "data", "out.csv")
    plain = {name: text for name, text in os.environ.items() if not name.startswith("KEEPFIT")}
    environ = plain | {"TERM": "xterm"}
    with subprocess.Popen(command, cwd=trained.root, stderr=theirs, env=environ) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the other end was closed
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        assert running.wait() == 0
    assert b"predicting data" in shown
    assert b"rows/s" in shown
    assert b"100%" in shown
