"""A year of real flights: the demo runs to its end, and its figures are those of the data."""

import functools
import os
import subprocess

import numpy as np
import polars as pl
import pytest

from keepfit.errors import SourceError
from keepfit.lifecycle.begin.nycflights import flights_zip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(examples, project_at, with_keepfit, tmp_path_factory):
    """The project that the demo leaves behind, and what it printed; the tests only look."""
    folder = tmp_path_factory.mktemp("demo")
    try:
        flights_zip(folder, os.environ)
    except SourceError as error:
        pytest.skip(f"the flights cannot be had here: {error}")
    done = subprocess.run(
        ["sh", str(examples / "demo.sh"), "flights"],
        cwd=folder,
        env=with_keepfit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return project_at(folder / "flights", done.stdout)


def month_of(demo, number):
    """A month's flights, cleaned by the rules of the file, as arrays of features and target."""
    air, far = pl.col("air_time"), pl.col("distance")
    rows = pl.read_parquet(demo.root / "data" / f"flights-2013-{number:02}.parquet").filter(
        (far > 50) & air.is_between(15, 720) & (far / air < 12)
    )
    return rows.select("distance", "hour", "origin", "carrier", "air_time")


def plain_least_squares(learned, asked):
    """The mean absolute error on one month of what numpy learns from another."""
    names = [(c, v) for c in ("origin", "carrier") for v in sorted(learned[c].unique())]

    def design(rows):
        dummies = [(rows[c] == v).cast(pl.Float64).to_numpy() for c, v in names]
        numbers = rows.select("distance", "hour").cast(pl.Float64).to_numpy()
        return np.column_stack([np.ones(rows.height), numbers, *dummies])

    weights, *_ = np.linalg.lstsq(design(learned), learned["air_time"].to_numpy(), rcond=None)
    return np.abs(design(asked) @ weights - asked["air_time"].to_numpy()).mean()


@functools.cache
def judgement_of(demo, version):
    return demo.told("show", f"air_time@{version}")["judgement"]


def mae(demo, version):
    scores = judgement_of(demo, version)["evidence"]["scores"]
    (score,) = [score for score in scores if score["metric"] == "mae"]
    return score["challenger"], score.get("champion")


def test_in_september_the_january_model_has_aged_and_augusts_has_not(demo):
    august, january = mae(demo, "1.0.1")
    assert (round(january, 1), round(august, 1)) == (16.2, 6.6)
    september = month_of(demo, 9)
    assert january == pytest.approx(plain_least_squares(month_of(demo, 1), september), rel=1e-6)
    assert august == pytest.approx(plain_least_squares(month_of(demo, 8), september), rel=1e-6)


@pytest.mark.parametrize(("version", "learned", "judged"), [("1.0.2", 10, 11), ("1.0.3", 11, 12)])
def test_in_winter_the_january_model_is_no_worse_and_stays(demo, version, learned, judged):
    challenger, champion = mae(demo, version)
    expected = [
        plain_least_squares(month_of(demo, m), month_of(demo, judged)) for m in (learned, 1)
    ]
    # November has a carrier that October did not have: what to say of it, nothing decides.
    assert [challenger, champion] == pytest.approx(expected, rel=1e-4)
    assert challenger > champion
    judgement = judgement_of(demo, version)
    assert judgement["verdict"]["outcome"] == "inconclusive"  # days differ by more than the models
    assert judgement["evidence"]["comparison"]["unit"] == "day"
    assert judgement["evidence"]["champion"]["version"].startswith("1.0.0-")


def test_the_january_model_is_still_in_production_and_octobers_question_is_open(demo):
    held = {row["version"][:5]: row["stages"] for row in demo.told("list")}
    assert held["1.0.0"] == "production"
    assert held["1.0.1"] == "development, staging"
    assert "production waits for an answer" in demo.keepfit("plan")


def test_the_replay_shows_the_year_under_each_policy(demo):
    served = {}
    for policy in ("monthly", "never", "on-decay"):
        (total,) = [
            line.split()
            for line in demo.said.splitlines()
            if line.split()[:1] == [policy] and len(line.split()) == 4
        ]
        served[policy] = float(total[1])
    assert served["monthly"] < served["on-decay"] < served["never"]
    assert (demo.root / "replay-air_time.png").read_bytes().startswith(b"\x89PNG")


def test_the_commands_that_the_demo_leaves_one_with_work(demo):
    commands = [line.split("  ")[1] for line in demo.said.splitlines() if "  keepfit " in line]
    assert [command.split()[1] for command in commands] == ["show", "history", "reject", "predict"]
    demo.keepfit("history", "air_time")
    demo.keepfit(
        "predict", "air_time@production", "data/flights-2013-12.parquet", "predictions.csv"
    )
    flights = pl.read_parquet(demo.root / "data" / "flights-2013-12.parquet")
    out = pl.read_csv(demo.root / "predictions.csv")
    assert out["flight_id"].to_list() == flights["flight_id"].to_list()
    error = (out["prediction"] - flights["air_time"]).abs().mean()
    assert error == pytest.approx(mae(demo, "1.0.3")[1], rel=0.02)  # without the cleaning


def test_the_data_are_all_flights_of_the_year(demo):
    assert (
        pl.scan_parquet(demo.root / "data" / "*.parquet").select(pl.len()).collect().item()
        == 336_776
    )


def test_the_gate_refuses_every_sabotaged_candidate(demo):
    (test,) = demo.told("check", "--gate")
    assert [trial["candidate"] for trial in test["trials"] if not trial["refused"]] == []
    assert not test["honest"]["refused"]
