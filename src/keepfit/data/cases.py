"""The file of a benchmark: cases, their names, the answers that are expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keepfit.config.schema.gate import Benchmark
from keepfit.data.files.incoming import scan_incoming
from keepfit.data.files.read import reading
from keepfit.data.types.conform import REASON, conform
from keepfit.digest import Digest, sha256_file
from keepfit.errors import DataRefused, UserError, guess
from keepfit.records.rows import Column

_ANSWER, _CASE, _UNCLEAR = "__answer", "__case", "__unclear"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a benchmark's file holds, but for the cases that nobody can tell."""

    digest: Digest
    rows: pl.DataFrame  # as they stand in the file, without the expected answers
    names: pl.Series
    expected: pl.Series  # in the target's type
    ambiguous: int  # cases that were left out


def read_cases(path: Path, spec: Benchmark, target: str, dtype: pl.DataType) -> CaseFile:
    """
    The cases of a file, `dtype` being the type of the expected answers.

    A case is ambiguous where the file says so, and where equal cases, or cases of one name, have
    different answers. UserError for a file or a column that is not there; SourceError for one that
    cannot be read; DataRefused where there is no case, or one without an answer.
    """
    digest = _digest(path)
    answer = spec.answer or target
    with reading(str(path)):
        rows = scan_incoming(path).collect()
    if _digest(path) != digest:
        raise DataRefused(f"{path} changed while it was read", hint="run the command again")
    if rows.is_empty():
        raise DataRefused(f"{path} holds no cases; expected at least one")
    marked = _marked(_with_answers(rows, answer, dtype, path), rows, spec, answer)
    clear = marked.filter(~pl.col(_UNCLEAR))
    if clear.is_empty():
        raise DataRefused(f"{path}: all {rows.height:,} cases are ambiguous; expected some clear")
    return CaseFile(
        digest=digest,
        rows=clear.select([name for name in rows.columns if name != answer]),
        names=clear[_CASE],
        expected=clear[_ANSWER].alias(target),
        ambiguous=rows.height - clear.height,
    )


def missing_columns(path: Path, spec: Benchmark, target: str) -> str | None:
    """What a benchmark names that its file has not, in words; or None."""
    columns = scan_incoming(path).collect_schema().names()
    for name in (spec.answer or target, spec.case, spec.ambiguous):
        if name and name not in columns:
            return f"has no column `{name}`.{guess(name, columns)}"
    return None


def _digest(path: Path) -> Digest:
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    return sha256_file(path)


def _with_answers(rows: pl.DataFrame, answer: str, dtype: pl.DataType, path: Path) -> pl.DataFrame:
    read = conform(rows, (Column(name=answer, dtype=str(dtype)),)).collect()
    bad = read.with_row_index("row", offset=1).filter(
        pl.col(REASON).is_not_null() | pl.col(answer).is_null()
    )
    if not bad.is_empty():
        why = bad[REASON][0] or f"{answer}: there is none"
        raise DataRefused(
            f"{path}: {bad.height:,} cases have no expected answer that can be read; the first is"
            f" row {bad['row'][0]}: {why}"
        )
    return rows.with_columns(read[answer].alias(_ANSWER))


def _marked(
    answered: pl.DataFrame, rows: pl.DataFrame, spec: Benchmark, answer: str
) -> pl.DataFrame:
    """With the name of each case, and whether it is ambiguous."""
    numbers = pl.int_range(1, pl.len() + 1).cast(pl.String)
    name = pl.col(spec.case).cast(pl.String).fill_null(numbers) if spec.case else numbers
    inputs = [c for c in rows.columns if c not in {answer, spec.case, spec.ambiguous}]
    several = pl.col(_ANSWER).n_unique()
    unclear = several.over(_CASE) > 1
    if inputs:
        unclear |= several.over(inputs) > 1
    named = answered.with_columns(name.alias(_CASE))
    if spec.ambiguous:
        said = conform(rows, (Column(name=spec.ambiguous, dtype="Boolean"),)).collect()
        named = named.with_columns(said[spec.ambiguous].fill_null(False).alias(_UNCLEAR))
        unclear |= pl.col(_UNCLEAR)
    return named.with_columns(unclear.alias(_UNCLEAR))
