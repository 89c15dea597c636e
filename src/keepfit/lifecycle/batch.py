"""A file of rows in, a file of predictions out, in constant memory, in the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from keepfit.data.conform import REASON, conform
from keepfit.data.incoming import scan_incoming
from keepfit.data.read import in_short, reading
from keepfit.data.sources import format_of
from keepfit.errors import SinkError, UserError
from keepfit.lifecycle.open import Opened
from keepfit.records import Record

ROW = "row"  # the row's number from 1, where the model has no key
_NUMBER = "__row"  # the same on the way, where a column of the rows may be called `row`

SINKS: dict[str, Callable[[pl.LazyFrame, Path], object]] = {
    "csv": lambda rows, path: rows.sink_csv(path),
    "tsv": lambda rows, path: rows.sink_csv(path, separator="\t"),
    "jsonl": lambda rows, path: rows.sink_ndjson(path),
    # the fastest level: predictions hardly shrink, whatever is tried
    "parquet": lambda rows, path: rows.sink_parquet(path, compression_level=1),
}


class Written(Record, frozen=True, kw_only=True):
    """What a batch prediction wrote."""

    version: str
    rows: int
    rejected: int
    output: str
    rejects: str | None = None


def predict_file(opened: Opened, source: Path, output: Path, *, overwrite: bool = False) -> Written:
    """Predict every row of `source` into `output`; their names tell the formats.

    `output` has the key columns (or `row`), `prediction`, `probability_<class>` for classes, and
    `version`. Rows that cannot be read go to `OUTPUT.rejects.<ext>` with `reason`. Each file
    appears whole or not at all. UserError for a missing column or an output that is there,
    SourceError for an input that cannot be read, SinkError for an output that cannot be written.
    """
    sink = _sink_for(output, overwrite=overwrite)
    if source.exists() and output.exists() and output.samefile(source):
        raise UserError(f"{output} is the file of rows itself", hint="name another file")
    incoming = scan_incoming(source).with_row_index(_NUMBER, offset=1)
    rows = conform(incoming, opened.predictor.schema)
    rejects = output.with_name(f"{output.stem}.rejects{output.suffix}")
    with reading(str(source)):
        bad = rows.filter(pl.col(REASON).is_not_null())
        rejected = _count(bad) if _may_reject(incoming, opened) else 0
        good = rows.filter(pl.col(REASON).is_null()) if rejected else rows
    _write(answers(opened, good.drop(REASON)), output, sink)
    if rejected:
        _write(_blamed(bad, incoming), rejects, sink)
    elif overwrite:
        rejects.unlink(missing_ok=True)  # those of an earlier try are none of this output
    return Written(
        version=opened.state.version,
        rows=_count(scan_incoming(output)),
        rejected=rejected,
        output=str(output),
        rejects=str(rejects) if rejected else None,
    )


def answers(opened: Opened, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Key (or row number), prediction, probabilities and version of raw rows, in their order.

    As one polars expression where the model has one, else chunk by chunk through the model.
    """
    predictor = opened.predictor
    have = rows.collect_schema()
    key = [pl.col(name) for name in opened.spec.data.key if name in have]
    carried = key or [pl.col(_NUMBER).alias(ROW)]
    version = pl.lit(opened.state.version).alias("version")
    # The expression of a classifier says the label alone, and its probabilities are wanted too.
    lazy = None if opened.manifest.candidate.classes else predictor.lazy(rows)
    if lazy is not None:
        return lazy.select(*carried, "prediction", version)
    schema = rows.select(carried).collect_schema() | answer_schema(opened)

    def answer(chunk: pl.DataFrame) -> pl.DataFrame:
        said = predictor.predict(chunk)
        columns = {"prediction": said.values}
        if said.probabilities is not None:
            columns |= {
                f"probability_{label}": pl.Series(said.probabilities[:, i])
                for i, label in enumerate(said.classes)
            }
        return chunk.select(carried).with_columns(**columns, version=pl.lit(opened.state.version))

    return rows.map_batches(answer, schema=schema, streamable=predictor.transform is None)


def answer_schema(opened: Opened) -> dict[str, pl.DataType]:
    """The types of what a prediction adds to its row."""
    labels = opened.manifest.candidate.classes
    prediction = pl.Series(labels[:1]).dtype if labels else pl.Float64()
    chances = {f"probability_{label}": pl.Float64() for label in labels}
    return {"prediction": prediction, **chances, "version": pl.String()}


def _may_reject(incoming: pl.LazyFrame, opened: Opened) -> bool:
    have = incoming.collect_schema()
    return any(str(have[column.name]) != column.dtype for column in opened.predictor.schema)


def _blamed(bad: pl.LazyFrame, incoming: pl.LazyFrame) -> pl.LazyFrame:
    """The rejected rows as they came, each with its number (instead of a `row`) and the reason."""
    reasons = bad.select(_NUMBER, pl.col(REASON).alias("reason"))
    own = incoming.drop(ROW, "reason", strict=False)
    rejected = own.join(reasons, on=_NUMBER, how="inner", maintain_order="left")
    return rejected.rename({_NUMBER: ROW})


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _sink_for(output: Path, *, overwrite: bool) -> Callable[[pl.LazyFrame, Path], object]:
    kind, compression = format_of(output.name)
    if compression:
        raise UserError(f"{output}: predictions are written uncompressed; leave out .{compression}")
    if output.exists() and not overwrite:
        raise UserError(f"{output} is there already", hint="add --overwrite, or name another file")
    if not output.parent.is_dir():
        raise UserError(f"there is no folder {output.parent}", hint="make it, or name another file")
    return SINKS[kind]


def _write(rows: pl.LazyFrame, output: Path, sink: Callable[[pl.LazyFrame, Path], object]) -> None:
    draft = output.with_name(f".{output.name}.part")
    with _sinking(output, draft):
        sink(rows, draft)
        draft.replace(output)


@contextmanager
def _sinking(output: Path, draft: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SinkError(f"{output} cannot be written: {error.strerror or error}") from error
    except PolarsError as error:
        # Rows are read while others are written, and polars does not say which of the two failed.
        raise SinkError(
            f"{output} was not written: {in_short(error)}",
            hint="the input may be damaged further down, or the disk full",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
