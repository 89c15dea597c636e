"""Killed at any moment and asked again, a job ends with the bytes of an unbroken run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from keepfit.errors import KeepfitError, Refused, SourceError, UserError

KILLING = Path(__file__).with_name("killing.py")
PARQUET = {"streamed": 500, "rows": 500}
TEXT = {"text": 4000}


@pytest.fixture
def many(houses, tmp_path):
    """So many houses in a file of a format, two in a thousand with an area that nobody can read;
    `typed`: none, and every column of the type that the model wants."""

    def made(rows, form, *, typed=False):
        copies = pl.concat([houses] * -(-rows // houses.height)).head(rows)
        table = copies.with_columns(house_id=pl.int_range(rows))
        if not typed:
            bad, area = pl.int_range(rows) % 997 == 500, pl.col("area_m2").cast(pl.String)
            table = table.with_columns(
                pl.when(bad).then(pl.lit("big")).otherwise(area).alias("area_m2")
            )
        path = tmp_path / f"in.{form}"
        getattr(table, f"write_{'ndjson' if form == 'jsonl' else form}")(path)
        return path

    return made


@pytest.fixture
def stopped(batch, monkeypatch):
    """A job that ends after so many chunks, as by Ctrl-C."""

    def stop(after, *arguments, **how):
        from keepfit.lifecycle.batch.state import State

        note, left = State.note, [after]

        def noted(self, done):
            note(self, done)
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(State, "note", noted)
            with pytest.raises(KeyboardInterrupt):
                batch(*arguments, **how)

    return stop


def killings(served, source, output, pace, points, seed):
    """What came of a job that was killed at so many points."""
    arguments = [served.root, source, output, json.dumps(pace), points, seed]
    said = subprocess.run(
        [sys.executable, KILLING, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout), said.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("form", "typed", "pace"),
    [
        ("csv", False, TEXT),
        ("jsonl", False, TEXT),
        ("parquet", False, PARQUET),
        ("parquet", True, PARQUET),  # whose rows never pass through Python
    ],
)
@pytest.mark.slow
def test_killed_anywhere_a_job_ends_with_the_bytes_of_an_unbroken_run(
    served, many, form, typed, pace
):
    source = many(2000, form, typed=typed)
    found, said = killings(served, source, f"out.{form}", pace, 16, seed=1)
    assert found["wrong"] == [], said
    assert found["killed"] >= 12
    rejects = set() if typed else {f"out.rejects.{form}"}
    assert found["whole"].keys() == {f"out.{form}"} | rejects


@pytest.mark.soak
@pytest.mark.parametrize(
    ("form", "typed", "pace"),
    [
        ("parquet", True, {"streamed": 20_000}),
        ("parquet", False, {"rows": 20_000}),
        ("csv", False, {"text": 1 << 20}),
    ],
)
def test_a_thousand_kills_of_a_million_rows(served, many, form, typed, pace):
    points = int(os.environ.get("KEEPFIT_SOAK_KILLS", "334"))
    source = many(1_000_000, form, typed=typed)
    found, said = killings(served, source, f"out.{form}", pace, points, seed=7)
    print(
        f"\nB1 {form}{', typed' if typed else ''}: 1,000,000 rows, {found['touches']} touches of "
        f"the disk, {points} jobs, {found['killed']} kills that met a running one, "
        f"{len(found['wrong'])} that ended with other bytes"
    )
    assert found["wrong"] == [], said


@pytest.mark.parametrize(("form", "pace"), [("csv", TEXT), ("parquet", PARQUET), ("jsonl", TEXT)])
def test_what_is_done_is_not_done_again(batch, stopped, many, tmp_path, form, pace):
    source = many(3000, form)
    stopped(2, source, tmp_path / "out.csv", pace=pace)
    assert not (tmp_path / "out.csv").exists()
    done = batch.moved[-1][0]
    written = batch(source, tmp_path / "out.csv", pace=pace)
    assert 0 < done <= written.resumed < 3000
    assert batch.told == [f"going on after {written.resumed:,} rows that an earlier try has done"]
    assert written.rows + written.rejected == 3000
    batch(source, tmp_path / "again.csv", pace=pace)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


@pytest.mark.parametrize("harm", ["chunk", "journal", "both"])
def test_what_a_power_loss_left_torn_is_done_again(batch, stopped, many, tmp_path, harm):
    source = many(3000, "parquet")
    batch(source, tmp_path / "whole.csv", pace=PARQUET)
    stopped(4, source, tmp_path / "out.csv", pace=PARQUET)
    state = tmp_path / ".out.csv.keepfit"
    if harm != "journal":
        [third] = [file for file in state.glob("00000002-*") if file.stat().st_size > 5000]
        third.write_bytes(third.read_bytes()[:-10])
    if harm != "chunk":
        journal = (state / "journal").read_bytes()
        (state / "journal").write_bytes(journal[: len(journal) - 20])
    written = batch(source, tmp_path / "out.csv", pace=PARQUET)
    assert written.resumed == {"chunk": 1000, "journal": 1500, "both": 1000}[harm]
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not state.exists()


def change_input(source):
    source.write_bytes(source.read_bytes().replace(b"big", b"bag"))


@pytest.mark.parametrize(
    ("change", "how", "words"),
    [
        (change_input, {}, "beginning anew: the input "),
        (lambda _: None, {"select": ("prediction",)}, "going on after "),  # all there is, anyway
        (
            lambda _: None,
            {"pace": {"text": 5000}},
            "beginning anew: it is asked for in ",
        ),
    ],
)
def test_another_job_never_takes_up_the_chunks(batch, stopped, many, tmp_path, change, how, words):
    source = many(2000, "csv")
    stopped(2, source, tmp_path / "out.csv", pace=TEXT)
    change(source)
    written = batch(source, tmp_path / "out.csv", **{"pace": TEXT} | how)
    [line] = batch.told
    assert line.startswith(words)
    assert bool(written.resumed) == line.startswith("going on")
    batch(source, tmp_path / "again.csv", **{"pace": TEXT} | how)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_a_stage_that_moved_meanwhile_does_not_mix_versions(
    life, batch_of, stopped, batch, many, tmp_path
):
    first, _ = life.first_champion().version, life.months(11, 12)
    second, source = life.retrained(force=True).version, many(3000, "parquet")
    holds = {"production": first}  # what the stage holds, as the test wants it
    batch.open_version = lambda asked: life.open(holds.get(asked[6:], asked[6:]))
    stopped(2, source, tmp_path / "out.csv", pace=PARQUET)
    holds["production"] = second
    written = batch(source, tmp_path / "out.csv", pace=PARQUET)
    assert written.version == first != second
    assert set(pl.read_csv(tmp_path / "out.csv")["version"]) == {first}
    assert batch.told[0] == (
        f"price@production is {second} now; this job began with {first} and goes on with it "
        f"(to begin anew with {second}, remove {tmp_path / '.out.csv.keepfit'})"
    )
    assert batch(source, tmp_path / "fresh.csv", pace=PARQUET).version == second


def test_a_finished_job_is_not_done_again(batch, many, tmp_path):
    source, output = many(1200, "csv"), tmp_path / "out.csv"
    first = batch(source, output)
    before = output.stat()
    again = batch(source, output)
    assert again.finished
    assert not first.finished
    assert (again.rows, again.rejected, again.rejects) == (
        first.rows,
        first.rejected,
        first.rejects,
    )
    assert output.stat() == before
    assert not batch(source, output, overwrite=True).finished


def test_an_output_that_somebody_changed_is_none_that_is_finished(batch, many, tmp_path):
    source, output = many(100, "csv"), tmp_path / "out.csv"
    batch(source, output)
    output.write_text("mine")
    with pytest.raises(UserError, match=r"out\.csv is there already, and this job did not write"):
        batch(source, output)


def test_a_finished_job_with_other_rows_is_another_job(batch, many, tmp_path):
    source, output = many(1200, "csv"), tmp_path / "out.csv"
    batch(source, output)
    change_input(source)
    with pytest.raises(UserError, match="is there already"):
        batch(source, output)


def test_a_job_that_was_killed_right_after_its_last_step_is_finished(
    batch, many, tmp_path, monkeypatch
):
    from keepfit.lifecycle.batch import commit

    def killed(*_):
        raise KeyboardInterrupt

    source, output = many(1200, "csv"), tmp_path / "out.csv"
    with monkeypatch.context() as patch:
        patch.setattr(commit, "write_receipt", killed)
        with pytest.raises(KeyboardInterrupt):
            batch(source, output)
    assert output.exists()
    assert batch(source, output).finished
    assert not (tmp_path / ".out.csv.keepfit").exists()


def test_two_at_once_into_one_output_are_refused(batch, many, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    state = tmp_path / ".out.csv.keepfit"
    state.mkdir()
    with (state / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="somebody predicts into this output now"):
            batch(many(100, "csv"), tmp_path / "out.csv")
    assert batch(many(100, "csv"), tmp_path / "out.csv").rows == 100


def test_a_job_that_waited_for_one_that_ended_has_no_lock_that_others_cannot_see(
    batch, many, tmp_path, monkeypatch
):
    fcntl = pytest.importorskip("fcntl")
    state, plain = tmp_path / ".out.csv.keepfit", fcntl.flock

    def flock(file, how):
        shutil.rmtree(state)  # by the other one, whose lock goes with it
        plain(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", flock)
        with pytest.raises(Refused, match="somebody predicts into this output now"):
            batch(many(100, "csv"), tmp_path / "out.csv")
    assert batch(many(100, "csv"), tmp_path / "out.csv").rows == 100


def test_an_input_that_changes_while_it_is_read_gives_no_output(batch, many, tmp_path):
    source = many(2000, "csv")

    class Writer(list):
        def append(self, _):
            change_input(source)

    batch.moved = Writer()
    with pytest.raises(SourceError, match=r"in\.csv changed while it was read"):
        batch(source, tmp_path / "out.csv", pace=TEXT)
    assert not (tmp_path / "out.csv").exists()


def test_too_many_rejects_refuse_the_output_and_keep_the_work(batch, many, tmp_path):
    source, output = many(2000, "csv"), tmp_path / "out.csv"
    with pytest.raises(Refused, match=r"2 of 2,000 rows cannot be answered \(0.1%; ") as caught:
        batch(source, output, pace=TEXT, max_rejects=0.0005)
    assert "row 501, area_m2: 'big' is not a whole number" in str(caught.value)
    assert "--max-rejects 0.1%" in caught.value.hint
    assert not output.exists()
    assert pl.read_csv(tmp_path / "out.rejects.csv")["row"].to_list() == [501, 1498]
    written = batch(source, output, pace=TEXT, max_rejects=0.001)
    assert (written.resumed, written.rows, written.rejected) == (2000, 1998, 2)
    assert sorted(file.name for file in tmp_path.glob("*out*")) == ["out.csv", "out.rejects.csv"]


def test_what_is_refused_at_once_leaves_nothing(batch, many, tmp_path):
    source = many(100, "csv")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(KeepfitError):
        batch(source, tmp_path / "out.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.csv", "out.csv"]
