"""Predictions as bytes: JSON, CSV, JSON lines, in one spelling of columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Any

import msgspec

from keepfit.kinds.texts.prefixes import Prefixes
from keepfit.records.base import Label
from keepfit.serve.media import Media
from keepfit.serve.options import Options

if TYPE_CHECKING:
    import polars as pl

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model says of some rows, in their order."""

    values: Sequence[Any] | pl.Series  # numbers, or labels; null where nothing is said
    chances: Sequence[Sequence[float]] | None = None  # of a classifier, a probability a class
    classes: tuple[Label, ...] = ()
    quantiles: Sequence[Sequence[float]] | None = None  # of a forecast, one a level
    levels: tuple[str, ...] = ()  # what each is called

    def part(self, start: int, end: int) -> Predicted:
        """Of the rows from `start` on, before `end`."""
        chances = None if self.chances is None else self.chances[start:end]
        spread = None if self.quantiles is None else self.quantiles[start:end]
        return Predicted(self.values[start:end], chances, self.classes, spread, self.levels)

    def at(self, prefixes: Prefixes) -> Predicted:
        """The likeliest prefixes instead of labels, and how likely each is."""
        cut = [None if value is None else str(value)[: prefixes.length] for value in self.values]
        if self.chances is None:
            return Predicted(cut, None, prefixes.classes)
        chances = [prefixes.chances(row) for row in self.chances]
        values = [
            None if value is None else prefixes.classes[row.index(max(row))]
            for value, row in zip(cut, chances, strict=True)
        ]
        return Predicted(values, chances, prefixes.classes)


def written(
    said: Predicted, options: Options, media: Media, version: str, *, single: bool = False
) -> bytes:
    """The body of an answer; `single` is one object for one object that was asked about."""
    options = options.within(len(said.classes))
    if media.form == "csv":
        return _csv(said, options, header=bool(media.header))
    plain = options.plain and not said.levels
    rows = list(said.values) if plain else _objects(said, options)
    if media.form == "lines":
        told = rows if not plain else [{"prediction": value} for value in rows]
        return b"".join(map(line_of, told))
    if not single:
        return line_of({"predictions": rows, "version": version})
    if plain:
        return line_of({"prediction": rows[0], "version": version})
    return line_of({**rows[0], "version": version})


def line_of(value: Any) -> bytes:
    """The value as JSON, with an end of the line, for those who ask at a terminal."""
    return _ENCODER.encode(value) + b"\n"


def columns(options: Options, classes: Sequence[Label], levels: Sequence[str] = ()) -> list[str]:
    """The names of what is told of each row."""
    names = ["prediction", *levels]
    if options.probabilities:
        names += [f"probability_{spelled(label)}" for label in classes]
    for place in range(1, options.top_k + 1):
        names += [f"label_{place}", f"score_{place}"]
    return names


def spelled(label: Label) -> str:
    """A label in the name of a column, as files of predictions have it."""
    return str(label)


def _told(said: Predicted, options: Options) -> Iterator[list[Any]]:
    """Of each row, the values of `columns`."""
    width = len(columns(options, said.classes))
    for place, value in enumerate(said.values):
        if value is None:
            yield [None] * width
            continue
        chances = said.chances[place] if said.chances is not None else ()
        spread = said.quantiles[place] if said.quantiles is not None else ()
        row = [value, *spread, *(chances if options.probabilities else ())]
        if options.top_k:
            for best in _likeliest(chances, options.top_k):
                row += [said.classes[best], chances[best]]
        yield row


def _likeliest(chances: Sequence[float], count: int) -> list[int]:
    """The places of the highest; a tie goes to the class that comes first."""
    return nlargest(count, range(len(chances)), key=chances.__getitem__)


def _objects(said: Predicted, options: Options) -> list[dict[str, Any]]:
    names = columns(options, said.classes, said.levels)
    return [dict(zip(names, row, strict=True)) for row in _told(said, options)]


def _csv(said: Predicted, options: Options, *, header: bool) -> bytes:
    names = columns(options, said.classes, said.levels)
    plain = options.plain and not said.levels
    if plain and not isinstance(said.values, Sequence):
        return said.values.to_frame(names[0]).write_csv(include_header=header).encode()
    if plain and not said.classes:
        lines = [*(names if header else ()), *map(_number, said.values)]
        return ("\n".join(lines) + "\n" if lines else "").encode()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(names)
    rows = ([value] for value in said.values) if plain else _told(said, options)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
