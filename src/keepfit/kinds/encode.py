"""How columns become numbers: learned once from the training rows, then plain data."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from keepfit.config.schema.rows import Encode
from keepfit.errors import NoNumber, UnknownName, UserError
from keepfit.kinds.encoding import Category, Dtype, Encoding, Number

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

_GREATEST = sys.float_info.max


def learn(
    rows: pl.DataFrame, features: Iterable[str], encode: Encode, *, most: int | None = None
) -> Encoding:
    """The encoding that `rows` teach; UserError for a column that is no number and no category.

    Of a category with more than `most` levels the most frequent are kept.
    """
    roles = roles_of(rows, features, encode)
    return Encoding(
        numbers=tuple(
            _learn_number(column(rows, name), encode.missing)
            for name, role in roles.items()
            if role is None
        ),
        categories=tuple(
            _learn_category(column(rows, name), role, encode.rare, most)
            for name, role in roles.items()
            if role is not None
        ),
    )


def roles_of(
    rows: pl.DataFrame, features: Iterable[str], encode: Encode
) -> dict[str, Dtype | None]:
    """What each feature is read as: None is a number, all else a category of that type; UserError
    for a column that can be neither."""
    names = tuple(features)
    for name in encode.categorical:
        if name not in names:
            raise UnknownName("feature for encode.categorical called", name, names)
    return {name: _role(column(rows, name), name in encode.categorical) for name in names}


def column(rows: pl.DataFrame, name: str) -> pl.Series:
    """The column of that name; UnknownName with a guess."""
    if name not in rows.columns:
        raise UnknownName("column", name, rows.columns)
    return rows.get_column(name)


def numbers_of(number: Number, rows: pl.DataFrame) -> Floats:
    """The column as finite numbers, one a row; NoNumber where a missing one may not be filled."""
    values = floats_of(column(rows, number.name))
    return _filled(number.name, values, ~np.isfinite(values), number.fill)


def codes_of(category: Category, rows: pl.DataFrame) -> Codes:
    """The place of each row's level; `category.size` where training kept no such level."""
    series = column(rows, category.name)
    codes, missing = (
        _text_codes(category, series)
        if category.dtype == "text"
        else _number_codes(category, series)
    )
    codes[missing] = len(category.levels)  # which is `size` where missing is no level
    return codes


def number_expression(number: Number) -> pl.Expr:
    """`numbers_of` as an expression, bit for bit, for a number that has a fill."""
    value = pl.col(number.name).cast(pl.Float64)
    finite = value.abs() <= _GREATEST  # as is_finite(), in a third of the time; NaN is above all
    return pl.when(finite).then(value).otherwise(number.fill)


def level_expression(category: Category, weights: Floats) -> pl.Expr:
    """The weight of each row's level as an expression; 0 for a level without one."""
    if not category.size:
        return pl.col(category.name).is_null().cast(pl.Float64) * 0.0  # as many rows, all 0
    levels: list[str | float | None] = [*category.levels, *([None] if category.missing else [])]
    dtype = pl.String() if category.dtype == "text" else pl.Float64()
    key = pl.col(category.name).cast(dtype)
    if category.dtype != "text":
        key = pl.when(key.is_finite()).then(key + 0.0)  # -0.0 is 0.0; NaN and infinity are missing
    old = pl.Series(levels, dtype=dtype)
    return key.replace_strict(old, pl.Series(weights), default=0.0, return_dtype=pl.Float64)


def _role(series: pl.Series, declared: bool) -> Dtype | None:  # noqa: FBT001 (a fact, not a mode)
    dtype = series.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum) or (dtype == pl.Date and declared):
        return "text"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype == pl.Null:
        return "number" if declared else None
    raise UserError(
        f"feature `{series.name}` is {dtype}; expected numbers, text or booleans",
        hint=f'make a number of it under `derive`, such as "epoch({series.name})", and name that',
    )


def _learn_number(series: pl.Series, missing: str) -> Number:
    values = floats_of(series)
    bad = ~np.isfinite(values)
    fill = _fill(values[~bad], missing)
    values = _filled(series.name, values, bad, fill)
    mean = _mean(values)
    deviation = float(np.sqrt(np.mean((values - mean) ** 2)))
    if not np.isfinite(deviation):
        raise UserError(
            f"column `{series.name}` holds numbers whose squares are beyond any float",
            hint=f'make them smaller under `derive`, such as "{series.name} / 1e100"',
        )
    return Number(name=series.name, fill=fill, mean=mean, deviation=deviation)


def _fill(values: Floats, missing: str) -> float | None:
    if missing == "fail":
        return None
    if missing == "zero" or not values.size:
        return 0.0
    return _mean(values) if missing == "mean" else float(np.median(values))


def _mean(values: Floats) -> float:
    first = float(values[0])
    # exactly, so that a constant column has no deviation at all
    return first if (values == first).all() else float(values.mean())


def floats_of(series: pl.Series) -> Floats:
    """The values as they are, null as NaN; UserError for text that is no number."""
    try:
        return series.cast(pl.Float64).to_numpy()
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError) as error:
        raise UserError(
            f"column `{series.name}` is {series.dtype} with values that are no numbers",
            hint=f"see what it holds, or clean it: {str(error).splitlines()[0]}",
        ) from error


def _filled(name: str, values: Floats, bad: npt.NDArray[np.bool_], fill: float | None) -> Floats:
    if not bad.any():
        return values
    if fill is None:
        raise NoNumber(name, np.flatnonzero(bad).tolist())
    return np.where(bad, fill, values)


def levels_of(series: pl.Series, dtype: Dtype) -> tuple[pl.Series, Codes]:
    """(the sorted levels of a category, the place of each row's own; -1 where it is missing)."""
    keys = level_keys(series, dtype)
    levels = keys.unique().drop_nulls().sort()
    if dtype == "text":
        places = keys.cast(pl.Enum(levels)).to_physical().cast(pl.Int64)
    else:
        places = levels.search_sorted(keys.fill_null(0.0)).cast(pl.Int64).set(keys.is_null(), None)
    return levels, places.fill_null(-1).to_numpy()


def _learn_category(series: pl.Series, dtype: Dtype, rare: int, most: int | None) -> Category:
    keys = level_keys(series, dtype)
    counts = keys.alias("level").value_counts(name="rows").filter(pl.col("rows") >= rare)
    if most is not None and counts.height > most:
        counts = counts.sort("rows", "level", descending=[True, False]).head(most)
    levels = counts.get_column("level")
    return Category(
        name=series.name,
        dtype=dtype,
        levels=tuple(levels.drop_nulls().sort().to_list()),
        missing=levels.null_count() > 0,
    )


def level_keys(series: pl.Series, dtype: Dtype) -> pl.Series:
    """The values of a category as its levels are spelled; null where a row has none."""
    return series.cast(pl.String) if dtype == "text" else _number_keys(series)


def _number_keys(series: pl.Series) -> pl.Series:
    values = floats_of(series) + 0.0  # -0.0 is 0.0
    return pl.Series(values).set(pl.Series(~np.isfinite(values)), None)


def _text_codes(category: Category, series: pl.Series) -> tuple[Codes, npt.NDArray[np.bool_]]:
    levels = pl.Enum([str(level) for level in category.levels])
    places = series.cast(pl.String).cast(levels, strict=False).to_physical()
    codes = places.cast(pl.Int64).fill_null(category.size).to_numpy(writable=True)
    return codes, series.is_null().to_numpy()


def _number_codes(category: Category, series: pl.Series) -> tuple[Codes, npt.NDArray[np.bool_]]:
    levels, values = np.asarray(category.levels, dtype=np.float64), floats_of(series)
    codes = np.searchsorted(levels, values)
    known = np.append(levels, np.nan)[codes] == values
    return np.where(known, codes, category.size), ~np.isfinite(values)
