"""What was answered is kept in the store, beside the requests and never in their way."""

import polars as pl
import pytest

TRIP = {"distance_km": 5, "borough": "queens", "riders": 2}
LOG = '[model.fare.serve]\nlog = 1.0\nmask = ["borough"]\n\n[model.fare.promote]\n'


@pytest.fixture
def kept(taxi):
    """Every row that was kept."""

    def read():
        files = sorted((taxi.root / "store").glob("m/fare/predictions/*/*.parquet"))
        return pl.concat([pl.read_parquet(file) for file in files]) if files else None

    return read


def test_rows_answers_key_version_and_time_are_kept_and_masked_columns_are_not(taxi, serve, kept):
    taxi.edit("[model.fare.promote]\n", LOG)
    serving = serve(taxi, "fare@production")
    client = serving.client()
    said = client.post([{**TRIP, "trip_id": 7}, {**TRIP, "riders": None}]).json["predictions"]
    client.post("distance_km,borough,riders\n5,queens,2\n", kind="text/csv")
    assert serving.stop() == 0
    rows = kept()
    assert rows.columns[:3] == ["trip_id", "version", "at"]
    assert rows["trip_id"].to_list() == ["7", None, None]
    assert rows["prediction"].to_list()[:2] == said
    assert rows["version"].unique().to_list() == [taxi.versions[0]]
    assert rows["riders"].to_list() == [2, None, 2]
    assert rows["borough"].null_count() == 3
    assert "queens" not in taxi.keepfit("doctor")


def test_nothing_is_kept_where_the_file_does_not_ask_for_it(taxi, serve, kept):
    serving = serve(taxi, "fare@production")
    serving.client().post(TRIP)
    assert serving.stop() == 0
    assert kept() is None


def test_a_store_that_takes_nothing_is_told_of_once_and_fails_no_request(taxi, serve, kept):
    taxi.edit("[model.fare.promote]\n", LOG)
    (taxi.root / "store/m/fare/predictions").write_text("no folder")
    serving = serve(taxi, "fare@production")
    client = serving.client()
    for _ in range(3):
        assert client.post(TRIP).status == 200
    assert serving.stop() == 0
    assert serving.said.count("predictions cannot be kept") == 1


def test_a_share_of_the_requests_is_kept(taxi, serve, kept):
    taxi.edit("[model.fare.promote]\n", LOG.replace("1.0", "0.3"))
    serving = serve(taxi, "fare@production", "--no-access-log")
    client = serving.client()
    for _ in range(300):
        client.post(TRIP)
    assert serving.stop() == 0
    assert 50 < kept().height < 140  # a chance of one in 10 million to be outside
