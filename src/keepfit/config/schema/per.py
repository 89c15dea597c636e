"""One small model for each value of a column."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keepfit.config.schema.table import Table


class Per(Table):
    """Which values have a model of their own."""

    column: str
    """one of the features: a model of its own for each of its values"""
    min_rows: Annotated[int, Field(strict=True, ge=1)] = 30
    """training rows that a value needs for that; the others share one model, learned from all"""
