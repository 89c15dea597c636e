"""What the models see of a location, each row by itself: alone it gets what it gets among many."""

from __future__ import annotations

import polars as pl

MOST_SERVICES = 5  # a sixth service employs nobody more
SPARSE = {"rural village sparse": "rural village", "rural hamlet sparse": "rural village"}
NOT_KNOWN = "not known"


def home_features(homes: pl.LazyFrame) -> pl.LazyFrame:
    """The homes with `services_capped`, `nth_import`, `setting_group` and `rating_known`."""
    return _location_features(homes).with_columns(
        pl.col("rating").fill_null(NOT_KNOWN).alias("rating_known")
    )


def community_features(services: pl.LazyFrame) -> pl.LazyFrame:
    """The services with `services_capped`, `nth_import`, `setting_group` and `dormant_known`."""
    return _location_features(services).with_columns(
        pl.col("dormant").fill_null(NOT_KNOWN).alias("dormant_known")
    )


def _location_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(
        pl.col("services").clip(upper_bound=MOST_SERVICES).alias("services_capped"),
        nth_import().alias("nth_import"),
        pl.col("setting").replace(SPARSE).alias("setting_group"),
    )


def nth_import() -> pl.Expr:
    """
    The dense rank of an import among those of its location, which come once a month.

    Counted from the registration. A rank over the rows at hand would be 1 for every location
    that is asked about alone: another number in serving than in training.
    """
    return _months("import_date") - _months("registered_on") + 1


def _months(column: str) -> pl.Expr:
    return pl.col(column).dt.year() * 12 + pl.col(column).dt.month().cast(pl.Int32)
