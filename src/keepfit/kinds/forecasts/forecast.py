"""What every forecast of series shares: the answers to each step of a horizon are made when a model
learns or observes, so that a prediction looks them up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from keepfit.config.schema.series import Series
from keepfit.data.series import MANY
from keepfit.data.steps import (
    PHASE,
    STEP,
    VALUE,
    Floats,
    Given,
    History,
    Id,
    earlier,
    given,
    given_of,
    histories,
    id_columns,
    numbered,
    observed,
    steps_of,
    time_of,
    times_of,
    with_given,
)
from keepfit.errors import NoForecast, Refusal
from keepfit.kinds.base import Prediction
from keepfit.kinds.forecasts.file import written
from keepfit.kinds.forecasts.method import Asked, Learned, Teacher, seasonal_naive
from keepfit.records.base import Severity
from keepfit.records.rows import Finding


@dataclass(frozen=True)
class Forecaster:
    """Series that were learned of, and what follows on their last steps."""

    teacher: Teacher
    learned: Learned  # how the rows are read, and what each series taught
    histories: dict[Id, History]  # in the order of their names
    answers: Floats  # (series, steps of the horizon, mean and quantiles)
    classes: tuple[()] = ()

    def observe(self, rows: pl.DataFrame, before: datetime | None = None) -> Forecaster:
        """The same model, nothing learned anew, at the end of what it kept and of `rows`.

        `rows` hold the target; of two values of one step theirs counts. What is not earlier than
        `before` (naive UTC) is forgotten: the answer is what it would have been then. A series that
        it has not learned of repeats its last season. DataRefused where steps are missing.
        """
        kept, newer = self._steps(rows, before)
        known = histories(kept.vstack(newer), self.series)
        return forecaster(self.teacher, self.learned, self._told(known, rows))

    def _told(self, known: dict[Id, History], rows: pl.DataFrame) -> dict[Id, History]:
        """With what is known of steps beside their values, whenever they are: `series.dynamic`
        declares that it is known before."""
        series = self.series
        if not series.dynamic:
            return known
        newer = given(rows, series, self.learned.time)
        by = [*id_columns(series), STEP]
        kept = given_of(self.histories, series).join(newer, on=by, how="anti")
        return with_given(known, kept.vstack(newer).sort(by), series)

    def _steps(
        self, rows: pl.DataFrame, before: datetime | None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        head, series = self.learned, self.series
        newer = observed(rows, series, head.time, head.target)
        kept = steps_of(self.histories, series)
        if before is not None:
            newer, kept = (earlier(one, before, series) for one in (newer, kept))
        by = [*id_columns(series), STEP]
        return kept.join(newer, on=by, how="anti"), newer

    @property
    def series(self) -> Series:
        """What a series is."""
        return self.learned.series

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """What is forecast of each row's series and time; NoForecast for rows beyond it."""
        places, ahead, off = self._places(rows)
        head, series = self.learned, self.series
        unknown, far = places < 0, (ahead < 0) | (ahead >= series.horizon)
        reasons = (
            (series.id[-1] if series.id else head.time, unknown, "no series that was observed"),
            (head.time, off, f"between two steps of {series.frequency}"),
            (head.time, far & ~unknown & ~off, self._reach()),
        )
        if unknown.any() or off.any() or far.any():
            told = [Refusal(c, np.flatnonzero(bad).tolist(), w) for c, bad, w in reasons]
            raise NoForecast([one for one in told if one.rows])
        found = self.answers[places, ahead]
        if (silent := np.isnan(found[:, 0])).any():
            why = (
                "nothing known of it up to this step. Rows that are asked for do not tell it: "
                "name the file that does by --observe or serve.observe"
            )
            raise NoForecast([Refusal(series.dynamic[0], np.flatnonzero(silent).tolist(), why)])
        values = pl.Series("prediction", np.ascontiguousarray(found[:, 0]))
        quantiles = found[:, 1:] if series.quantiles else None
        return Prediction(values, quantiles=quantiles, levels=series.quantiles)

    def _places(self, rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each row the place of its series, or -1; how many steps after its last one; and
        whether its time is between two steps. A time that is missing is far away."""
        by = id_columns(self.series)
        asked = numbered(rows, self.series, self.learned.time).with_columns(
            __all=pl.lit(0, pl.Int64)
        )
        joined = asked.join(self._known, on=[*by, "__all"], how="left", maintain_order="left")
        place = joined["__place"].fill_null(-1).to_numpy()
        ahead = (joined[STEP] - joined["__end"]).fill_null(1 << 40).to_numpy()
        off = (joined[PHASE] != joined["__phase_of"]).fill_null(value=False).to_numpy()
        return place, ahead, off

    @cached_property
    def _known(self) -> pl.DataFrame:
        """The series, where each is, ends, and how its steps lie."""
        names = id_columns(self.series)
        known = list(self.histories.values())
        texts = {name: [key[at] for key in self.histories] for at, name in enumerate(names)}
        frame = pl.DataFrame({**texts, "__all": pl.zeros(len(known), pl.Int64, eager=True)})
        return frame.cast(dict.fromkeys(names, pl.String)).with_columns(
            pl.Series("__place", range(len(known)), dtype=pl.Int64),
            pl.Series("__end", [h.end for h in known], dtype=pl.Int64),
            pl.Series("__phase_of", [h.phase for h in known], dtype=pl.Int64),
        )

    def _reach(self) -> str:
        series, ends = self.series, {(h.end, h.phase) for h in self.histories.values()}
        told = f"not among the {series.horizon} steps of {series.frequency} after the last observed"
        if len(ends) != 1:
            return f"{told} of its series"
        end, phase = ends.pop()
        return f"{told}, which was {time_of(end - 1, phase, series)}"

    def kept(self) -> pl.DataFrame:
        """What it observed, as rows that name a series and a time, with the target."""
        head, steps = self.learned, steps_of(self.histories, self.series)
        named = dict(zip(id_columns(self.series), self.series.id, strict=True))
        at = times_of(steps, self.series).alias(head.time)
        return steps.select(*(pl.col(a).alias(b) for a, b in named.items()), at).with_columns(
            steps[VALUE].alias(head.target)
        )

    def next_rows(self, most: int) -> pl.DataFrame:
        """The first rows that it can be asked about: the next step of so many series."""
        head = self.learned
        some = list(self.histories.items())[:most]
        columns: dict[str, Any] = {
            name: [key[at] for key, _ in some] for at, name in enumerate(head.series.id)
        }
        columns[head.time] = [time_of(h.end, h.phase, head.series) for _, h in some]
        texts = dict.fromkeys(head.series.id, pl.String())
        return pl.DataFrame(columns, schema={**texts, head.time: pl.Datetime("us")})

    def expression(self) -> None:
        """None: a forecast is looked up."""

    def save(self) -> dict[str, bytes]:
        return written(self.learned, self.histories, self.answers)

    def describe(self) -> dict[str, Any]:
        head = self.learned
        filled = sum(history.missing for history in self.histories.values())
        repeating, more = len(self._repeating), self.teacher.told(head)
        ends = [time_of(h.end - 1, h.phase, head.series) for h in self.histories.values()]
        told: dict[str, Any] = {
            "series": len(self.histories),
            "horizon": f"{head.series.horizon} steps of {head.series.frequency}",
            "season": head.series.season,
            "last observed": f"{max(ends)}" if ends else None,
            "steps": sum(len(history.values) for history in self.histories.values()),
        }
        told |= {"steps missing": filled} if filled else {}
        told |= {"repeat their last season": repeating} if repeating else {}
        return told | more

    def findings(self) -> tuple[Finding, ...]:
        """That series which move repeat their last season, and that columns were left out; a person
        looks where the series are many, and where a column is of no use at all."""
        return (*self._fallen_back(), *self._left_out())

    def _fallen_back(self) -> Iterator[Finding]:
        moving = [history for history in self._repeating if not _stands(history.whole(self.series))]
        every = len(self.histories)
        if moving:
            message = (
                f"{len(moving):,} of {every:,} series repeat their last season: they could not be "
                "learned, or what was learned of them forecasts nothing"
            )
            severity: Severity = "warn" if len(moving) > MANY * every else "note"
            yield Finding(check="series", severity=severity, message=message)

    def _left_out(self) -> Iterator[Finding]:
        every = len(self.learned.taught)
        for column, count in self.teacher.unread(self.learned).items():
            message = (
                f"`{column}` of series.dynamic is left out of {count:,} of {every:,} series: "
                "in them it never changes, follows from others, or no model was found with it"
            )
            severity: Severity = "warn" if count == every else "note"
            yield Finding(check="series", severity=severity, message=message, column=column)

    @cached_property
    def _repeating(self) -> list[History]:
        """The series that do, of a kind that means to do more: they could not be learned, or what
        was learned of them forecasts nothing."""
        if not self.teacher.told(self.learned):
            return []
        each = zip(self.histories.values(), self.answers, strict=True)
        return [history for history, answer in each if self._repeats(history, answer)]

    def _repeats(self, history: History, answer: Floats) -> bool:
        mean, quantiles = seasonal_naive(history.whole(self.series), Asked.of(self.series))
        return np.array_equal(answer, np.column_stack([mean, quantiles]))


def _stands(values: Floats) -> bool:
    """Whether a series never moves: its last value is the best forecast of it."""
    return bool(np.nanmax(values) == np.nanmin(values)) if np.isfinite(values).any() else True


def forecaster(teacher: Teacher, learned: Learned, known: dict[Id, History]) -> Forecaster:
    """The model at the end of these histories."""
    series, ordered = learned.series, dict(sorted(known.items()))
    answers = np.zeros((len(ordered), series.horizon, 1 + len(series.quantiles)))
    ahead = teacher.ahead(learned, ordered)
    for place, (history, found) in enumerate(zip(ordered.values(), ahead, strict=True)):
        said = found if found and found.known else None
        mean, quantiles = said or seasonal_naive(history.whole(series), Asked.of(series))
        answers[place, :, 0], answers[place, :, 1:] = mean, quantiles
        if said and (told := history.given):
            answers[place, _reach(told, history.end, series.horizon) :] = np.nan
    return Forecaster(teacher, learned, ordered, answers)


def _reach(given: Given, end: int, horizon: int) -> int:
    """How many steps after the last observed one are known all beside their values."""
    lacks = ~np.isin(np.arange(end, end + horizon), given.steps)
    return int(np.argmax(lacks)) if lacks.any() else horizon
