"""The prediction log: some of the rows that came, with what was answered, as Parquet in the store.

It never slows or fails a request: what a request leaves is a reference to its rows. A thread of its
own makes files of them. What it cannot write in time is let go and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from keepfit.config.schema.serving import Answering
from keepfit.serve.answer import Predicted
from keepfit.serve.door.rows import Rows
from keepfit.serve.metrics import Metrics
from keepfit.serve.served import Served
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.ulid import ulid

if TYPE_CHECKING:
    import polars as pl

MOST = 100_000  # rows that wait to be written; more are let go
AT_ONCE = 20_000  # rows that are written without waiting for more
EVERY = 10.0  # seconds between two files


@dataclass(frozen=True, slots=True)
class Noted:
    """A request's rows and its answers."""

    served: Served
    at: datetime
    rows: Rows
    said: Predicted


@dataclass(slots=True)
class PredictionLog:
    """Answers that wait to be kept, of all models of a process."""

    store: ObjectStore
    answering: Mapping[str, Answering]  # by model: the share, and what is masked
    metrics: Metrics
    tell: Callable[[str], None]
    clock: Callable[[], datetime]
    random: Random
    entropy: Callable[[int], bytes]
    every: float = EVERY
    _waiting: deque[Noted] = field(default_factory=deque)
    _rows: int = 0
    _lock: Lock = field(default_factory=Lock)
    _wake: Event = field(default_factory=Event)
    _closed: bool = False
    _failed: bool = False
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = Thread(target=self._writing, name="keepfit-predictions", daemon=True)
        self._thread.start()

    def note(self, served: Served, rows: Rows, said: Predicted) -> None:
        """Keep the answer, if chance wants it and there is room; costs next to nothing."""
        share = self.answering[served.model].log
        if not share or self.random.random() >= share:
            return
        count = len(said.values)
        if self._rows + count > MOST:
            self._count(served.model, count, "dropped")
            return
        with self._lock:
            self._rows += count
            self._waiting.append(Noted(served, self.clock(), rows, said))
        if self._rows >= AT_ONCE:
            self._wake.set()

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, and end; what cannot be written in so many seconds is let go."""
        self._closed = True
        self._wake.set()
        if self._thread:
            self._thread.join(seconds)

    def _writing(self) -> None:
        while not self._closed:
            self._wake.wait(self.every)
            self._wake.clear()
            self._write()

    def _write(self) -> None:
        with self._lock:
            noted, self._waiting, self._rows = self._waiting, deque(), 0
        by_version: dict[str, list[Noted]] = {}
        for one in noted:
            by_version.setdefault(one.served.name, []).append(one)
        for some in by_version.values():
            self._keep(some)

    def _keep(self, noted: list[Noted]) -> None:
        model = noted[0].served.model
        count = sum(len(one.said.values) for one in noted)
        try:
            key, data = self._file(model, noted)
            self.store.create(key, data)
        except Exception as error:  # noqa: BLE001 whatever it is, requests are answered
            self._count(model, count, "dropped")
            if not self._failed:
                self.tell(f"{model}: predictions cannot be kept: {error}")
            self._failed = True
            return
        self._failed = False
        self._count(model, count, "kept")

    def _file(self, model: str, noted: list[Noted]) -> tuple[str, bytes]:
        import io

        import polars as pl

        at = self.clock()
        frames = [frame_of_answers(one, self.answering[model].mask) for one in noted]
        file = io.BytesIO()
        pl.concat(frames, how="diagonal_relaxed").write_parquet(file)
        name = ulid(at, self.entropy)
        return keys.predictions(model, at.strftime("%Y-%m-%d"), name), file.getvalue()

    def _count(self, model: str, rows: int, result: str) -> None:
        self.metrics.count("keepfit_logged_rows_total", rows, model=model, result=result)


def frame_of_answers(noted: Noted, mask: tuple[str, ...]) -> pl.DataFrame:
    """Key columns as text, version, time, the columns that the model read, and what it said.

    A masked column is null.
    """
    import polars as pl

    from keepfit.serve.door.csv_rows import frame_of

    served, rows, said = noted.served, noted.rows, noted.said
    height = len(said.values)
    inputs = frame_of(served.schema, rows)
    carried = _keys(served, rows, height)
    chances = said.chances if said.chances is not None else ()
    told: dict[str, Any] = {"prediction": pl.Series(said.values)}
    for place, label in enumerate(said.classes):
        told[f"probability_{label}"] = pl.Series([row[place] for row in chances], dtype=pl.Float64)
    for place, name in enumerate(said.levels):
        spread = [row[place] for row in said.quantiles or ()]
        told[name] = pl.Series(spread, dtype=pl.Float64)
    frame = pl.DataFrame(carried).with_columns(
        version=pl.lit(served.version), at=pl.lit(noted.at), **_columns(inputs), **told
    )
    masked = [name for name in mask if name in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=frame.schema[name]).alias(name) for name in masked)


def _columns(frame: pl.DataFrame) -> dict[str, pl.Series]:
    return {name: frame.get_column(name) for name in frame.columns}


def _keys(served: Served, rows: Rows, height: int) -> dict[str, pl.Series]:
    import polars as pl

    names = served.schema.carried
    if not names:
        return {"row": pl.Series(range(1, height + 1), dtype=pl.Int64)}
    given = [*zip(*rows.keys, strict=True)] or [(None,) * height] * len(names)
    return {
        name: pl.Series([None if v is None else str(v) for v in column], dtype=pl.String)
        for name, column in zip(names, given, strict=True)
    }
