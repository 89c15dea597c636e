"""A kind that forecasts: it reads series of the training rows, and has its teacher learn them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keepfit.config.schema.series import Series
from keepfit.data.steps import given, histories, observed, with_given
from keepfit.errors import UserError
from keepfit.kinds.base import Lesson, Params
from keepfit.kinds.forecasts.file import FORMAT, read
from keepfit.kinds.forecasts.forecast import Forecaster, forecaster
from keepfit.kinds.forecasts.method import Learned, Pins, Teacher
from keepfit.kinds.forecasts.params import READERS


@dataclass(frozen=True)
class ForecastKind:
    """A kind that learns series."""

    teacher: Teacher
    ready: Callable[[], object] = lambda: None  # NotInstalled where its extra is missing; light
    forecasts: bool = True

    @property
    def params(self) -> type[Params]:
        """What it takes from the file."""
        return self.teacher.params

    @property
    def reads(self) -> tuple[str, ...]:
        """The keys of `series` whose columns it reads."""
        return self.teacher.reads

    def task(self, params: Params) -> str:  # noqa: ARG002 numbers are all that is forecast
        return "regression"

    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> Forecaster:
        self.ready()
        series, time = self._read(lesson)
        known = histories(observed(lesson.train, series, time, lesson.target), series)
        if series.dynamic:
            known = with_given(known, given(lesson.train, series, time), series)
        ordered = dict(sorted(known.items()))
        taught = self.teacher.teach(ordered, series, params, Pins(seed, threads))
        learned = Learned(
            format=FORMAT,
            kind=self.teacher.name,
            series=series,
            time=time,
            target=lesson.target,
            params=params.model_dump(mode="json"),
            taught=taught.each,
            shared=taught.shared,
            weights=taught.weights,
        )
        return forecaster(self.teacher, learned, ordered)

    def _read(self, lesson: Lesson) -> tuple[Series, str]:
        """What a series is and which column says when; UserError where it cannot read the rows."""
        series, time, name = lesson.series, lesson.time, self.teacher.name
        if series is None or time is None:
            raise UserError(
                f"kind `{name}` forecasts, and the model has no `series`",
                hint='say [model.NAME.series]: frequency = "1 day", horizon = 14, …',
            )
        if further := [n for n in lesson.features if n not in (*series.id, time)]:
            raise UserError(
                f"kind `{name}` reads a series and its times, not `{further[0]}`",
                hint="leave out `features`, or choose a kind that reads them",
            )
        for key, readers in READERS.items():
            if (columns := getattr(series, key)) and key not in self.reads:
                raise UserError(
                    f"kind `{name}` reads a series and its times, and no series.{key} "
                    f"(`{columns[0]}`)",
                    hint=f"choose {readers}, or leave out series.{key}",
                )
        return series, time

    def load(self, files: Mapping[str, bytes]) -> Forecaster:
        learned, known, answers = read(files, self.teacher.name)
        return Forecaster(self.teacher, learned, known, answers)
