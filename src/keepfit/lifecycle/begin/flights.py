"""All 336,776 flights that left New York City in 2013, as one table a month."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import polars as pl

_KEPT = (
    *("flight_id", "scheduled", "carrier", "flight", "tailnum", "origin", "dest", "distance"),
    *("hour", "dep_delay", "arr_delay", "air_time"),
)


def months_of_flights(archive: bytes) -> Iterator[tuple[str, pl.DataFrame]]:
    """
    File name and flights of each month, from the bytes of flights.csv.zip.

    `scheduled` is the local time of the scheduled departure, `distance` in miles, `air_time` and
    the delays in minutes, null for the 9,430 flights without a known time in the air.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        table = pl.read_csv(files.read("flights.csv"), null_values=["NA", ""])
    flights = _with_time_and_key(table)
    for month in range(1, 13):
        rows = flights.filter(pl.col("scheduled").dt.month() == month)
        yield f"flights-2013-{month:02}.parquet", rows.select(_KEPT)


def _with_time_and_key(table: pl.DataFrame) -> pl.DataFrame:
    scheduled = pl.datetime("year", "month", "day", "hour", "minute").alias("scheduled")
    # A number flies twice a day now and then, from different airports.
    key = pl.format(
        "{}-{}{}-{}", pl.col("scheduled").dt.strftime("%Y%m%d"), "carrier", "flight", "origin"
    )
    return table.with_columns(scheduled).with_columns(key.alias("flight_id"))
