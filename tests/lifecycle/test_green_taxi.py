"""Two years of fares, before and after they rose: the model that fits the day replaces the other.

The trips are a public record that is too large to keep here: where it is not beside this folder,
these tests are skipped.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

TRIPS = Path(__file__).parents[3] / "shared" / "data" / "nyc_green_taxi"
MARCH = datetime(2023, 3, 1, tzinfo=UTC)

PROJECT = """\
[project]
name = "taxi"

[model.fare]
kind = "linear"
target = "fare_amount"
features = ["trip_distance", "hour", "passenger_count", "PULocationID"]

[model.fare.data]
source = {source}
time = "lpep_pickup_datetime"
derive = {{ hour = "extract(hour FROM lpep_pickup_datetime)" }}

[model.fare.data.clean]
fare = "fare_amount BETWEEN 2.5 AND 200"
distance = "trip_distance > 0 AND trip_distance < 60"

[model.fare.split]
holdout = "1 month"

[model.fare.encode]
categorical = ["PULocationID"]

[model.fare.gate]
metric = "mae"
min_gain = 0.5

[model.fare.promote]
production = "auto"
"""

pytestmark = pytest.mark.skipif(
    not TRIPS.is_dir(), reason="the shared data sets are not here: nyc_green_taxi"
)


@pytest.fixture
def taxi(bare):
    """A champion from one month, held against a challenger from another."""

    def of(*months):
        files = [str((TRIPS / f"green_tripdata_{month}.parquet").resolve()) for month in months]
        (bare.root / "keepfit.toml").write_text(PROJECT.format(source=files))

    def duel(champion, challenger):
        bare.name = "fare"
        first = datetime(2021, 3, 1, tzinfo=UTC) if champion == "2021-01" else MARCH
        of(champion, "2021-02" if champion == "2021-01" else "2023-02")
        bare.retrained(as_of=first)
        of(challenger, "2023-02")
        return bare.retrained(as_of=MARCH, force=True)

    return duel


def test_a_challenger_of_2023_replaces_the_champion_of_2021(taxi):
    result = taxi("2021-01", "2023-01")
    assert result.judgement.verdict.outcome == "pass", result.judgement.verdict.why
    promoted = [step.stage for step in result.releases if step.what == "promoted"]
    assert promoted == ["development", "staging", "production"]
    evidence = result.judgement.evidence
    assert evidence.comparison.gain > 1
    assert evidence.certificate.trimmed == 0


def test_a_challenger_of_2021_does_not_replace_the_champion_of_2023(taxi):
    result = taxi("2023-01", "2021-01")
    assert result.judgement.verdict.outcome == "fail"
    assert [step.what for step in result.releases] == ["refused"]
    assert result.judgement.evidence.comparison.gain < -1
