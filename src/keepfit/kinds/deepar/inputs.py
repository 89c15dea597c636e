"""Series as the network reads them: windows of values in a unit of their own, and of moments."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from keepfit.config.schema.series import Series
from keepfit.data.steps import PHASE, STEP, Given, History, Id, times_of
from keepfit.kinds.deepar.network import Shape, clock
from keepfit.kinds.forecasts.given import beside

Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Series one after the other: each has steps of nothing before it, as many as a window may
    reach back, and after it, as many as are forecast."""

    shape: Shape
    values: Singles  # (steps,)
    observed: Singles  # (steps,), 1 where there is a value
    moments: Singles  # (steps, numbers that tell the time)
    codes: Places  # (series, static columns)
    first: Places  # (series,), where the first value of each is
    end: Places  # (series,), where the step after its last one is

    def windows(self, series: Places, cuts: Places) -> dict[str, npt.NDArray[Any]]:
        """What is before the places `cuts` of some series, and after them: as the network names
        it."""
        past, context, horizon = self.shape.past, self.shape.context, self.shape.horizon
        before = cuts[:, None] + np.arange(-past, 0)
        after = cuts[:, None] + np.arange(horizon)
        return {
            "feat_static_cat": self.codes[series],
            "feat_static_real": np.zeros((len(series), 1), np.float32),
            "past_time_feat": self.moments[before[:, past - context :]],
            "past_target": self.values[before],
            "past_observed_values": self.observed[before],
            "future_time_feat": self.moments[after],
            "future_target": self.values[after],
            "future_observed_values": self.observed[after],
        }


def lines_of(
    known: Mapping[Id, History | None],
    taught: Mapping[Id, Mapping[str, Any]],
    series: Series,
    shape: Shape,
    last: int | None = None,
) -> Lines:
    """The series, or only the `last` steps of each; one that is not there has nothing."""
    values, observed, steps, phases, given = [], [], [], [], []
    for name, history in known.items():
        found = np.empty(0) if history is None else history.whole(series)
        found = found if last is None else found[max(len(found) - last, 0) :]
        end = history.end if history else taught[name]["first"]
        numbers = np.arange(end - len(found) - shape.past, end + shape.horizon)
        around = (shape.past, shape.horizon)
        values.append(np.pad(found / taught[name]["unit"], around))
        observed.append(np.pad(np.ones(len(found)), around))
        steps.append(np.stack([numbers, np.maximum(numbers - taught[name]["first"], 0)]))
        phases.append(np.full(len(numbers), history.phase if history else 0))
        given.append(_beside(history.given if history else None, numbers, shape))
    lengths = np.array([len(one) for one in values])
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    numbers, ages = np.concatenate(steps, axis=1)
    both = np.stack([numbers, np.concatenate(phases)])
    return Lines(
        shape=shape,
        values=np.concatenate(values).astype(np.float32),
        observed=np.concatenate(observed).astype(np.float32),
        moments=np.hstack([_moments(both, ages, series, shape), np.concatenate(given)]),
        codes=_codes(known, series, shape),
        first=begins + shape.past,
        end=begins + lengths - shape.horizon,
    )


def _codes(names: Iterable[Id], series: Series, shape: Shape) -> Places:
    """Of each series the places of its levels; without static columns all are alike."""
    columns = [series.id.index(name) for name in series.static]
    places = [{level: at for at, level in enumerate(levels)} for levels in shape.levels]
    both = list(zip(columns, places, strict=True))
    return np.array([[known[name[at]] for at, known in both] or [0] for name in names])


def _beside(given: Given | None, numbers: Places, shape: Shape) -> Singles:
    """What is known of each step beside its value, in deviations."""
    if given is None or not len(given.steps) or not shape.given:
        return np.zeros((len(numbers), len(shape.given)), np.float32)
    mean, deviation = np.array(shape.given).T
    return np.asarray((beside(given, numbers) - mean) / deviation, dtype=np.float32)


def scales_of(known: Mapping[Id, History], series: Series) -> tuple[tuple[float, float], ...]:
    """The mean and the deviation of each column of `series.dynamic`."""
    values = np.concatenate([(h.given or Given.nothing(series)).values for h in known.values()])
    return tuple((float(one.mean()), float(one.std()) or 1.0) for one in values.T)


def _moments(steps: Places, ages: Places, series: Series, shape: Shape) -> Singles:
    """What tells the time of each step (its number and phase), and how long its series has been
    there."""
    both, place = np.unique(steps, axis=1, return_inverse=True)
    at = times_of(pl.DataFrame({STEP: both[0], PHASE: both[1]}), series).to_numpy()
    index = importlib.import_module("pandas").DatetimeIndex(at)
    seen = [np.asarray(one(index), np.float64)[place] for one in clock(shape.clock)]
    return np.stack([*seen, np.log10(2.0 + ages)], axis=1).astype(np.float32)
