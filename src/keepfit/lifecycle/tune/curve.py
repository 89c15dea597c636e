"""keepfit train --sizes: what a model learns from few rows and from many, on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from keepfit.data.splitting.folds import Fold, fewer, is_in_time
from keepfit.errors import KeepfitError
from keepfit.evaluate.sample import NotMeasurable
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.tune.bench import Bench, Judged
from keepfit.records.base import Record


class Size(Record, frozen=True, kw_only=True):
    """What was learned from so many rows."""

    rows: int  # at most as many as were asked for; of groups only whole ones
    seconds: float = 0.0  # that fitting took
    score: float | None = None
    gain: float | None = None  # how much better than the size before it
    low: float | None = None  # of the gain
    high: float | None = None
    note: str = ""  # why it could not learn, or has no interval


class Curve(Record, frozen=True, kw_only=True):
    """A learning curve."""

    model: str
    metric: str
    better: Literal["higher", "lower"]
    newest: bool  # whether the rows that judge are newer than all others; else drawn at random
    judged: int  # rows that score every size
    there: int  # rows that there are to learn from, beside them
    confidence: float
    sizes: tuple[Size, ...]

    @property
    def last_step(self) -> tuple[Size, Size] | None:
        """The two largest sizes that have a score."""
        known = [size for size in self.sizes if size.score is not None]
        return (known[-2], known[-1]) if len(known) > 1 else None


def learning_curve(model: Model, ports: Ports, sizes: Sequence[int]) -> Curve:
    """The model trained on nested random parts of its training rows, each scored on the same rows.

    These are training rows, too: the last fold of `tune.folds`, which no size learns from. The
    holdout takes no part. Sizes beyond what there is become all that there is. Stores nothing.
    """
    bench = Bench.of(model, ports)
    fold = bench.folds[-1]
    there = int(fold.train.sum())
    wanted = sorted({min(size, there) for size in sizes})
    parts = [fewer(fold, bench.units, size, bench.seed) for size in wanted]
    bench.warm_up()
    found: list[Size] = []
    before: Judged | None = None
    for number, part in enumerate(parts, 1):
        ports.say(model.name, f"{int(part.train.sum()):,} rows, size {number} of {len(parts)}")
        size, judged = _size(bench, part, before)
        found.append(size)
        before = judged or before
    ports.say(model.name, "")
    return Curve(
        model=model.name,
        metric=bench.metric.name,
        better=bench.metric.better,
        newest=is_in_time(model.spec),
        judged=int(fold.judge.sum()),
        there=there,
        confidence=model.spec.gate.confidence,
        sizes=tuple(found),
    )


def _size(bench: Bench, part: Fold, before: Judged | None) -> tuple[Size, Judged | None]:
    rows = int(part.train.sum())
    try:
        (judged,) = bench.judged(bench.model.spec.params, [part])
    except KeepfitError as error:  # few rows may hold one class only
        return Size(rows=rows, note=str(error)), None
    size = Size(rows=rows, seconds=judged.seconds, score=judged.score)
    if before is None:
        return size, judged
    gain = bench.metric.gain(judged.score, before.score)
    change = msgspec.structs.replace
    try:
        luck = bench.gains([judged], [before], [part], bench.model.spec.gate.confidence)
    except NotMeasurable as error:
        return change(size, gain=gain, note=f"no interval: {error}"), judged
    return change(size, gain=gain, low=luck.low, high=luck.high), judged
