"""The ways to keep learning, side by side on past months: what each costs, and how well it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from keepfit.data.timeline import end_of
from keepfit.durations import Duration
from keepfit.errors import DataRefused, UserError
from keepfit.kinds import why_no_update
from keepfit.lifecycle.judging.score import gate_metric, measured, over_rows
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.peek import look_at, ready_at
from keepfit.lifecycle.ports import Ports
from keepfit.records.base import Record
from keepfit.records.training import Base
from keepfit.train.job import Fit, Job, Warm

Way = Literal["window", "all", "update"]
Span = tuple[datetime, datetime]


class Month(Record, frozen=True, kw_only=True):
    """A way on the rows of one period, which it has not learned from."""

    start: str  # ISO date
    rows: int  # that judge
    learned: int  # rows of the training before it
    seconds: float  # that fitting took
    score: float | None  # of the gate's metric; None: nothing to judge on, or not measurable
    note: str = ""


class Trial(Record, frozen=True, kw_only=True):
    """A way through all periods."""

    way: Way
    months: tuple[Month, ...]

    @property
    def mean(self) -> float | None:
        """The metric over all rows that judged: the row-weighted mean."""
        return over_rows((month.score, month.rows) for month in self.months)


class Ways(Record, frozen=True, kw_only=True):
    """Every way that the model can go, on the same periods."""

    model: str
    metric: str
    better: str
    now: Way  # what the file says
    trials: tuple[Trial, ...]
    left_out: tuple[tuple[Way, str], ...] = ()  # ways that were not tried, and why

    @property
    def best(self) -> Trial | None:
        """The way with the best mean; the first of equals, which come cheapest first."""
        known = [trial for trial in self.trials if trial.mean is not None]
        sign = 1 if self.better == "lower" else -1
        return min(known, key=lambda trial: sign * (trial.mean or 0.0), default=None)


def compare_ways(model: Model, ports: Ports, spans: Sequence[Span]) -> Ways:
    """Each way on each span: trained on rows before it, and judged on its rows. Stores nothing.

    UserError for a model without `data.time`, DataRefused where there is no span.
    """
    if model.spec.data.time is None:
        raise UserError(
            f"model.{model.name}.data has no `time`: nobody can say what was known in past months",
            hint="name the column that says when a row happened: data.time",
        )
    if not spans:
        raise DataRefused(
            f"{model.name}: no row says when it happened, so there is no past period to judge",
            hint=f"look at the column that data.time names: {model.spec.data.time}",
        )
    metric, left_out = gate_metric(model), tuple(_left_out(model))
    ways: tuple[Way, ...] = ("update", "window", "all")
    return Ways(
        model=model.name,
        metric=metric.name,
        better=metric.better,
        now=model.spec.train,
        trials=tuple(
            Trial(way=way, months=tuple(_months(model, ports, way, spans)))
            for way in ways
            if way not in dict(left_out)
        ),
        left_out=left_out,
    )


def last_periods(model: Model, ports: Ports, count: int, every: Duration) -> list[Span]:
    """The newest `count` spans that the rows of the sources fill; the last ends with the newest."""
    snapshot, _ = look_at(model, ports)
    newest = max((part.time_to for part in snapshot.parts if part.time_to), default=None)
    if newest is None:
        return []
    end = end_of(datetime.fromisoformat(newest)).replace(tzinfo=UTC)
    edges = [Duration(every.count * n, every.unit).before(end) for n in range(1, count + 1)]
    return [*zip(reversed(edges), [*reversed(edges[:-1]), end], strict=True)]


def _left_out(model: Model) -> Iterator[tuple[Way, str]]:
    if model.spec.data.window is None:
        yield "all", "without data.window it is the same as `window`"
    if why := why_no_update(model.spec.kind, model.params, model.root):
        yield "update", why.partition("; expected")[0].removeprefix("is 'update': ")


def _months(model: Model, ports: Ports, way: Way, spans: Sequence[Span]) -> Iterator[Month]:
    spec = model.spec.model_copy(update={"train": way})
    course = _Course(replace(model, spec=spec), ports)
    for start, end in spans:
        ports.say(model.name, f"{way}: {start:%Y-%m-%d}")
        yield course.month(start, end)
    ports.say(model.name, "")


@dataclass(slots=True)
class _Course:
    """A way through the periods; what it learned is what an update goes on from."""

    model: Model
    ports: Ports
    last: Fit | None = None

    def month(self, start: datetime, end: datetime) -> Month:
        """What was learned before the start, on the rows from there to the end."""
        begin = f"{start:%Y-%m-%d}"
        try:
            fit = self.last = self._fit(start)
        except DataRefused as refusal:  # an update without a new row: the model stays as it was
            note = str(refusal).partition(" (")[0]
            if self.last is None:
                return Month(start=begin, rows=0, learned=0, seconds=0.0, score=None, note=note)
            rows, score = self._judged(self.last, start, end)
            return Month(start=begin, rows=rows, learned=0, seconds=0.0, score=score, note=note)
        rows, score = self._judged(fit, start, end)
        learned, seconds = fit.candidate.split.train, fit.candidate.seconds
        return Month(start=begin, rows=rows, learned=learned, seconds=seconds, score=score)

    def _fit(self, until: datetime) -> Fit:
        model = self.model
        # look_at would put the span in the place of the window that this is about
        snapshot, peek = look_at(model, self.ports, before=until)
        paths = {part.digest: peek.path(part.digest) for part in snapshot.parts}
        warm = _warm(self.last) if model.spec.train == "update" and self.last else None
        job = Job.of(model.spec, snapshot, paths, root=model.root, code=model.code, warm=warm)
        return self.ports.trainer.train(job).result()

    def _judged(self, fit: Fit, start: datetime, end: datetime) -> tuple[int, float | None]:
        model = self.model
        try:
            snapshot, peek = look_at(model, self.ports, since=start, until=end)
            ready = ready_at(model, snapshot, peek)
        except DataRefused:
            return 0, None
        if not ready.rows.height:
            return 0, None
        predictor = fit.predictor(model.spec, model.transform(), home=model.root)
        return ready.rows.height, measured(model, predictor, fit.candidate, ready)


def _warm(fit: Fit) -> Warm:
    base = Base(version="", digest=fit.candidate.digest)
    return Warm(base=base, files=fit.files, keys=fit.keys)
