"""What `keepfit show` tells of a linear model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keepfit.kinds.encoding import Category, Encoding, Number


def described(
    kind: str,
    encoding: Encoding,
    intercepts: Mapping[str, float],
    weights: Mapping[str, Sequence[float]],
) -> dict[str, Any]:
    """The encoding, and every coefficient of every output, the weightiest first: a number's weight
    counts times the column's deviation, a level's as it is."""
    terms = list(_terms(encoding))
    rows = [
        _coefficient(term, {output: column[place] for output, column in weights.items()})
        for place, term in enumerate(terms)
    ]
    return {
        "kind": kind,
        "encoding": {
            "numbers": [_number(number) for number in encoding.numbers],
            "categories": [_category(category) for category in encoding.categories],
        },
        "intercept": dict(intercepts),
        "coefficients": sorted(rows, key=_weightiest),
    }


def _terms(encoding: Encoding) -> Iterator[tuple[str, str | None, float]]:
    """Column, level and deviation of every coefficient, in the order of the weights."""
    for number in encoding.numbers:
        yield number.name, None, number.deviation
    for category in encoding.categories:
        for level in category.levels:
            yield category.name, level_text(category, level), 1.0
        if category.missing:
            yield category.name, "(missing)", 1.0


def level_text(category: Category, level: str | float) -> str:
    """How a level is spelt."""
    if category.dtype == "boolean":
        return "true" if level else "false"
    return level if isinstance(level, str) else f"{level:.17g}"


def _coefficient(term: tuple[str, str | None, float], weight: dict[str, float]) -> dict[str, Any]:
    name, level, deviation = term
    place = {"column": name} if level is None else {"column": name, "level": level}
    standardised = {output: value * deviation for output, value in weight.items()}
    return {**place, "weight": weight, "standardised": standardised}


def _weightiest(row: dict[str, Any]) -> tuple[float, str, str]:
    return -max(map(abs, row["standardised"].values())), row["column"], row.get("level", "")


def _number(number: Number) -> dict[str, Any]:
    missing = "refused" if number.fill is None else number.fill
    return {
        "column": number.name,
        "missing": missing,
        "mean": number.mean,
        "deviation": number.deviation,
    }


def _category(category: Category) -> dict[str, Any]:
    return {
        "column": category.name,
        "levels": len(category.levels),
        "missing": "a level of its own" if category.missing else "no weight",
    }
