"""What a batch prediction says of rows: their keys, the answers, in the order of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from keepfit.config.schema.series import quantile_name
from keepfit.data.types import dtypes
from keepfit.data.types.conform import FLAWED, REASON, Bounds, conform, flagged
from keepfit.errors import KeepfitError, RowsRefused, UnknownName, UserError
from keepfit.kinds.base import Prediction
from keepfit.kinds.texts.prefixes import Prefixes
from keepfit.lifecycle.batch.asked import Asked
from keepfit.lifecycle.open import Opened
from keepfit.records.base import Label

ROW = "row"  # the row's number from 1, where the model has no key
VERSION = "version"
_FAR = 1 << 31  # rows; no chunk has as many
_FEW = 100  # classes, up to which the probability of each is told without being asked for
_CHANCES = 10_000_000  # probabilities at a time: 80 MB
NUMBER = "__row"  # the same on the way, where a column of the rows may be called `row`
WHY = "__why"  # why the model refuses a row that can be read
BESIDE = (FLAWED, NUMBER, WHY)  # columns that are told of rows and never written


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said of each row, and by which version."""

    opened: Opened
    columns: tuple[str, ...]  # beside the key and the version
    prefixes: Prefixes | None = None  # of labels, where not whole ones are asked for
    trouble: list[KeepfitError] = field(default_factory=list)  # what the model raised inside polars

    @property
    def version(self) -> str:
        """The version that answers."""
        return self.opened.state.version

    @property
    def quick(self) -> bool:
        """Whether polars alone can say it all: the label of a class, but not its chances."""
        predictor = self.opened.predictor
        labels = set(self.columns) <= {"prediction"} and self.prefixes is None
        return labels and predictor.transform is None and predictor.fitted.expression() is not None

    @property
    def labels(self) -> tuple[Label, ...]:
        """Those that it may answer, sorted; empty for a regression."""
        return self.prefixes.classes if self.prefixes else self.opened.manifest.candidate.classes

    def streams(self, have: Mapping[str, pl.DataType]) -> bool:
        """Whether rows of these types can be answered without a look at any: none has a flaw."""
        schema = dtypes.schema_of(self.opened.predictor.schema)
        typed = all(have.get(name) == dtype for name, dtype in schema.items())
        return self.quick and typed and not schema.keys() & self.bounds.keys()

    @property
    def bounds(self) -> Bounds:
        """Of numbers, outside which a row is not answered; over HTTP it is neither."""
        return self.opened.spec.checks.bounds

    @property
    def at_once(self) -> bool:
        """Whether the model must see all rows of a file together, as its transform may."""
        return self.opened.predictor.transform is not None

    def carried(self, have: Sequence[str]) -> tuple[str, ...]:
        """The key columns that rows with these columns have."""
        return tuple(name for name in self.opened.spec.data.key if name in have)


def answers_of(opened: Opened, asked: Asked) -> Answers:
    """The answers that are asked for; UserError or UnknownName for what the model does not say."""
    labels = opened.manifest.candidate.classes
    if not labels and (asked.top_k or asked.probabilities or asked.prefix):
        flag = "--top-k" if asked.top_k else "--prefix" if asked.prefix else "--probabilities"
        raise UserError(
            f"{flag}: {opened.spec.name} predicts numbers, not classes", hint=f"leave out {flag}"
        )
    prefixes = Prefixes(labels, asked.prefix) if asked.prefix else None
    if prefixes:
        labels = prefixes.classes
    if asked.top_k > len(labels) > 0:
        raise UserError(f"--top-k {asked.top_k}: {opened.spec.name} knows {len(labels)} classes")
    few = not asked.top_k and len(labels) <= _FEW
    chances = few if asked.probabilities is None else asked.probabilities
    ranked = [f"{word}_{k}" for k in range(1, asked.top_k + 1) for word in ("label", "score")]
    series = opened.spec.series
    quantiles = series.columns if series else ()
    every = ["prediction", *quantiles, *(_chance(label) for label in labels), *ranked]
    for name in asked.select:
        if name not in every:
            known = [one for one in every if one not in ranked] + ranked
            raise UnknownName(f"answer of {opened.state.version} called", name, known)
    usual = [name for name in every if chances or not name.startswith("probability_")]
    columns = tuple(dict.fromkeys(asked.select)) or tuple(usual)
    _refuse_taken(opened, columns)
    return Answers(opened, columns, prefixes)


def answered(answers: Answers, rows: pl.LazyFrame, first: int) -> pl.LazyFrame:
    """Key (or number) and answers of each row, the first of which has the number `first`.

    With `__flawed` where some may have a value that cannot be read, or be refused by the model;
    their answers mean nothing. With `__row` and `__why` where only the model can say that.
    """
    predictor = answers.opened.predictor
    key = answers.carried(list(rows.collect_schema()))
    rows = flagged(_numbered(rows, first), predictor.schema, answers.bounds)
    flag = [FLAWED] if FLAWED in rows.collect_schema() else []
    carried = [pl.col(name) for name in key] or [pl.col(NUMBER).alias(ROW)]
    lazy = predictor.lazy(rows) if answers.quick else None
    if lazy is not None:
        return lazy.select(*carried, *answers.columns, *flag)
    needed = dict.fromkeys([*key, NUMBER, *(c.name for c in predictor.schema), *flag])
    rows = rows.select(*needed)
    schema = rows.select(*carried).collect_schema() | _types(answers)
    number = rows.select(NUMBER).collect_schema()
    whole = schema | {FLAWED: pl.Boolean()} | number | {WHY: pl.String()}

    def answer(chunk: pl.DataFrame) -> pl.DataFrame:
        most = max(_CHANCES // max(len(answers.opened.manifest.candidate.classes), 1), 1)
        if chunk.height <= most:
            return answer_some(chunk)
        return pl.concat([answer_some(some) for some in chunk.iter_slices(most)])

    def answer_some(chunk: pl.DataFrame) -> pl.DataFrame:
        good = chunk.filter(~pl.col(FLAWED)) if flag else chunk
        good, said, refused = _said(answers, good)
        told = good.select(*carried, NUMBER).with_columns(said).cast(pl.Schema(schema | number))
        bad = [refused.select(*carried, NUMBER, WHY)]
        if flag:
            bad.append(chunk.filter(FLAWED).select(*carried, NUMBER))
        marked = [one.with_columns(pl.lit(value=True).alias(FLAWED)) for one in bad]
        every = pl.concat([told, *marked], how="diagonal")
        return every.with_columns(pl.col(FLAWED).fill_null(value=False)).select(*whole)

    return rows.map_batches(answer, schema=whole, streamable=not answers.at_once)


def refused_among(answered: pl.DataFrame) -> pl.DataFrame:
    """The number of each row that the model refuses, and the reason."""
    if WHY not in answered.columns:
        return pl.DataFrame(schema={NUMBER: pl.UInt32, WHY: pl.String})
    return answered.filter(pl.col(WHY).is_not_null()).select(NUMBER, WHY)


def flawed(answers: Answers, rows: pl.LazyFrame, first: int, refused: pl.DataFrame) -> pl.DataFrame:
    """The rows that have no answer, as they came, each with its number (`row`) and the reason.

    They are those that cannot be read, and those that the model refuses: `__row` and `__why`.
    """
    schema = answers.opened.predictor.schema
    numbered = _numbered(rows, first)
    looked = flagged(numbered, schema, answers.bounds)
    unread = pl.col(FLAWED) if FLAWED in looked.collect_schema() else pl.lit(value=False)
    bad = looked.filter(unread | pl.col(NUMBER).is_in(refused[NUMBER].implode()))
    numbers = bad.select(NUMBER).collect(engine="streaming").to_series()
    own = numbered.filter(pl.col(NUMBER).is_in(numbers.implode())).collect(engine="streaming")
    # Reasons are texts, made for the few rows that want one.
    told = conform(own, schema, answers.bounds).select(NUMBER, REASON).collect()
    refused = refused.cast({NUMBER: told.schema[NUMBER]})
    told = told.join(refused, on=NUMBER, how="left", maintain_order="left")
    reasons = told.select(pl.coalesce(REASON, WHY).alias("reason"))
    plain = own.drop(NUMBER).drop(ROW, "reason", strict=False)
    return pl.concat([own.select(pl.col(NUMBER).alias(ROW)), plain, reasons], how="horizontal")


def _numbered(rows: pl.LazyFrame, first: int) -> pl.LazyFrame:
    if first < _FAR:
        return rows.with_row_index(NUMBER, offset=first)
    # polars counts in 32 bits; the wider number costs a third of the time of a quick model
    return rows.with_row_index(NUMBER).with_columns(pl.col(NUMBER).cast(pl.Int64) + first)


def _said(
    answers: Answers, rows: pl.DataFrame
) -> tuple[pl.DataFrame, list[pl.Series], pl.DataFrame]:
    """The rows that are answered, their answers, and with `__why` the rows that are refused."""
    refused = [rows.clear().with_columns(pl.lit(None, pl.String).alias(WHY))]
    predictor = answers.opened.predictor
    try:
        prepared = predictor.prepared(rows) if rows.height else rows
        while rows.height:
            try:
                said = predictor.on_prepared(prepared)
                said = answers.prefixes.of(said) if answers.prefixes else said
            except RowsRefused as error:
                why = _reasons(error, rows.height)
                refused.append(rows.with_columns(why).filter(why.is_not_null()))
                rows, prepared = rows.filter(why.is_null()), prepared.filter(why.is_null())
                continue
            ranks = _ranks(said, answers.columns)
            told = [_column(said, ranks, name) for name in answers.columns]
            return rows, told, pl.concat(refused)
    except KeepfitError as error:
        answers.trouble.append(error)
        raise
    types = _types(answers)
    nothing = [pl.Series(name, [], dtype=types[name]) for name in answers.columns]
    return rows, nothing, pl.concat(refused)


def _reasons(error: RowsRefused, rows: int) -> pl.Series:
    """Why each row is refused; null for one that is not."""
    parts = [
        pl.DataFrame({NUMBER: one.rows, WHY: f"{one.column}: {one.said}"}) for one in error.refusals
    ]
    told = pl.concat(parts).group_by(NUMBER, maintain_order=True).agg(pl.col(WHY).str.join("; "))
    every = pl.DataFrame({NUMBER: pl.int_range(rows, eager=True)})
    return every.join(told, on=NUMBER, how="left", maintain_order="left")[WHY]


def _ranks(said: Prediction, columns: Sequence[str]) -> np.ndarray | None:
    asked = any(name.startswith(("label_", "score_")) for name in columns)
    if not asked or said.probabilities is None:  # some are reckoned when they are looked at
        return None
    return np.argsort(-said.probabilities, axis=1, kind="stable")


def _column(said: Prediction, ranks: np.ndarray | None, name: str) -> pl.Series:
    if name != "prediction" and said.quantiles is not None:
        at = [quantile_name(level) for level in said.levels].index(name)
        return pl.Series(name, np.ascontiguousarray(said.quantiles[:, at]))
    if name == "prediction" or said.probabilities is None:
        return said.values.alias(name)
    word, _, rest = name.partition("_")
    if word == "probability" or ranks is None:
        place = [_chance(label) for label in said.classes].index(name)
        return _chances(name, said.probabilities[:, place])
    best = ranks[:, int(rest) - 1]
    if word == "label":
        labels = pl.Series(name, said.classes).gather(best)
        return labels.to_frame().select(pl.when(said.values.is_not_null()).then(name)).to_series()
    return _chances(name, said.probabilities[np.arange(len(best)), best])


def _chances(name: str, chances: np.ndarray) -> pl.Series:
    return pl.Series(name, chances, nan_to_null=True)  # of a row of which nothing is said


def _types(answers: Answers) -> dict[str, pl.DataType]:
    labels = answers.labels
    label = pl.Series(labels[:1]).dtype if labels else pl.Float64()
    is_label = {name: name == "prediction" or name.startswith("label_") for name in answers.columns}
    return {name: label if yes else pl.Float64() for name, yes in is_label.items()}


def _chance(label: Label) -> str:
    return f"probability_{label}"


def _refuse_taken(opened: Opened, columns: Sequence[str]) -> None:
    for name in opened.spec.data.key:
        if name in {*columns, VERSION}:
            raise UserError(
                f"the key column `{name}` has the name of an answer",
                hint="leave that answer out with --select, or call the column something else",
            )
