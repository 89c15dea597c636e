"""How series are forecast, all together or each alone: what is asked, and what is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple, Protocol

import numpy as np

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, History, Id
from keepfit.kinds.base import Params
from keepfit.kinds.forecasts.given import check_given


class Asked(NamedTuple):
    """What is asked of every series."""

    season: int
    horizon: int
    levels: tuple[float, ...]  # of the quantiles
    dynamic: tuple[str, ...] = ()  # the columns that are known beside the values

    @classmethod
    def of(cls, series: Series) -> Asked:
        return cls(series.season, series.horizon, series.quantiles, series.dynamic)


class Ahead(NamedTuple):
    """What is forecast of the next steps of a series."""

    mean: Floats
    quantiles: Floats  # (steps, levels)

    @property
    def known(self) -> bool:
        """Whether every number of it is one."""
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.quantiles).all())


def normal(mean: Floats, deviation: Floats, levels: Sequence[float]) -> Ahead:
    """Errors as normal as they are taken to be."""
    away = np.array([NormalDist().inv_cdf(level) for level in levels])
    return Ahead(mean, mean[:, None] + deviation[:, None] * away[None, :])


@dataclass(frozen=True)
class Learned:
    """How the rows of a forecast are read, and what the series taught."""

    format: int
    kind: str
    series: Series
    time: str
    target: str
    params: dict[str, Any]
    taught: dict[Id, dict[str, Any]]  # plain data; a series of which nothing was learned is absent
    shared: dict[str, Any] = field(default_factory=dict)  # plain data, of all series together
    weights: bytes = b""  # of a network of all series, as safetensors


class Taught(NamedTuple):
    """What series taught; as in `Learned`."""

    each: dict[Id, dict[str, Any]]
    shared: dict[str, Any]
    weights: bytes = b""


class Pins(NamedTuple):
    """What would otherwise be left to chance and to the machine."""

    seed: int
    threads: int


class Teacher(Protocol):
    """How the series of a table are forecast."""

    # of the kind
    @property
    def name(self) -> str: ...

    @property
    def params(self) -> type[Params]: ...

    # the keys of `series` whose columns it reads: static, dynamic
    @property
    def reads(self) -> tuple[str, ...]: ...

    # what the series teach
    def teach(
        self, known: Mapping[Id, History], series: Series, params: Any, pins: Pins, /
    ) -> Taught: ...

    # what follows on each history in turn, by what was learned then; None where that is nothing.
    # What it says of a series must not hang on the others that are there
    def ahead(self, learned: Learned, known: Mapping[Id, History], /) -> Iterator[Ahead | None]: ...

    # what `keepfit show` tells of what was learned; empty where nothing is
    def told(self, learned: Learned, /) -> dict[str, Any]: ...

    # how many series that were learned leave out which column of `series.dynamic`
    def unread(self, learned: Learned, /) -> dict[str, int]: ...


class Method(Protocol):
    """How one series is forecast, whatever the others are; it may have `chosen`, for `told`.

    One that reads `series.dynamic` learns "regressors" of each series: the names of those it uses.
    """

    # of the kind
    name: str

    @property
    def params(self) -> type[Params]: ...

    # what is learned of a series, as plain data; None where it is too short for anything
    def learn(
        self, history: History, values: Floats, asked: Asked, params: Any, /
    ) -> dict[str, Any] | None: ...

    # what follows on a history, by what was learned of it or of an earlier one; `values` are those
    # of its last steps that may be looked at, none missing
    def ahead(
        self,
        learned: dict[str, Any],
        history: History,
        values: Floats,
        asked: Asked,
        params: Any,
        /,
    ) -> Ahead: ...


@dataclass(frozen=True)
class Alone:
    """Each series by itself, by one method; it keeps the protocol `Teacher`."""

    method: Method
    reads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def params(self) -> type[Params]:
        return self.method.params

    def teach(
        self, known: Mapping[Id, History], series: Series, params: Any, _pins: Pins
    ) -> Taught:
        asked = Asked.of(series)
        check_given(known, series)
        found = {
            name: self.method.learn(history, history.whole(series), asked, params)
            for name, history in known.items()
        }
        return Taught({name: one for name, one in found.items() if one is not None}, {})

    def ahead(self, learned: Learned, known: Mapping[Id, History]) -> Iterator[Ahead | None]:
        series, params = learned.series, self.params.model_validate(learned.params)
        check_given({name: known[name] for name in known if name in learned.taught}, series)
        for name, history in known.items():
            taught, values = learned.taught.get(name), history.whole(series)
            yield (
                self.method.ahead(taught, history, values, Asked.of(series), params)
                if taught is not None
                else None
            )

    def told(self, learned: Learned) -> dict[str, Any]:
        chosen = getattr(self.method, "chosen", None)
        told = {"models": chosen(learned.taught.values())} if chosen else {}
        return told | ({"regressors": self._read(learned)} if learned.series.dynamic else {})

    def unread(self, learned: Learned) -> dict[str, int]:
        every = len(learned.taught)
        return {name: every - n for name, n in self._read(learned).items() if n < every}

    def _read(self, learned: Learned) -> dict[str, int]:
        """Of each column of `series.dynamic`, of how many series it is a regressor."""
        used = Counter(n for one in learned.taught.values() for n in one.get("regressors", ()))
        return {name: used[name] for name in learned.series.dynamic}


def seasonal_naive(values: Floats, asked: Asked) -> Ahead:
    """Of each step what was seasons before; a series without a whole season repeats its last."""
    season = asked.season if len(values) >= asked.season else 1
    steps = np.arange(asked.horizon)
    mean = values[-season:][steps % season]
    errors = values[season:] - values[:-season]
    spread = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    return normal(mean, spread * np.sqrt(steps // season + 1), asked.levels)
