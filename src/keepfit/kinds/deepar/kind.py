"""DeepAR (Salinas and others, 2020): one network for all series, of which each reads its own past.

What it learned is kept as weights; the answers to every step are made when it learns or observes,
so that who only answers needs neither torch nor GluonTS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, History, Id, told
from keepfit.errors import Corrupt, UserError
from keepfit.kinds.base import Params
from keepfit.kinds.deepar.inputs import lines_of, scales_of
from keepfit.kinds.deepar.network import (
    NAME,
    Shape,
    at_work,
    built,
    ready,
    revived,
    usual_clock,
    usual_lags,
    weights_of,
)
from keepfit.kinds.deepar.paths import paths
from keepfit.kinds.deepar.training import train
from keepfit.kinds.forecasts.given import check_given
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Ahead, Learned, Pins, Taught
from keepfit.kinds.forecasts.params import DeepAr


class DeepArTeacher:
    """All series together; it keeps the protocol `Teacher`."""

    name = NAME
    reads = ("static", "dynamic")

    @property
    def params(self) -> type[Params]:
        return DeepAr

    def teach(
        self, known: Mapping[Id, History], series: Series, params: DeepAr, pins: Pins
    ) -> Taught:
        """What the series teach that are longer than a horizon and not always the same."""
        values = {name: history.whole(series) for name, history in known.items()}
        values = {n: v for n, v in values.items() if len(v) > series.horizon and np.ptp(v) > 0}
        if not values:
            return Taught({}, {})
        counts = params.distribution == "negative-binomial"
        if counts:
            _check_counts(values)
        each = {
            name: {"first": known[name].end - len(v), "unit": 1.0 if counts else _unit(v)}
            for name, v in values.items()
        }
        check_given({name: known[name] for name in each}, series)
        shape = _shape({name: known[name] for name in each}, series, params, pins.seed)
        lines = lines_of({name: known[name] for name in each}, each, series, shape)
        with at_work(pins.seed, pins.threads) as torch:
            network = built(shape, params)
            lost = train(torch, network, lines, params)
        shared = {"shape": msgspec.to_builtins(shape), "loss": lost, "weights": _size(network)}
        return Taught(each, shared, weights_of(network))

    def ahead(self, learned: Learned, known: Mapping[Id, History]) -> Iterator[Ahead | None]:
        said = _said(learned, known) if learned.taught.keys() & known.keys() else {}
        for name in known:
            yield said.get(name)

    def told(self, learned: Learned) -> dict[str, Any]:
        if not learned.weights:
            return {"learned": "nothing: no series is longer than the horizon and moves"}
        shape, lost = _shape_in(learned), learned.shared["loss"]
        return {
            "series learned": len(learned.taught),
            "context length": shape.context,
            "lags": list(shape.lags),
            "clock": list(shape.clock),
            "weights": learned.shared["weights"],
            "loss": {"first epoch": lost[0], "last epoch": lost[-1]},
        }

    def unread(self, _learned: Learned) -> dict[str, int]:
        """None: the network reads them all."""
        return {}


def _said(learned: Learned, known: Mapping[Id, History]) -> dict[Id, Ahead]:
    """What follows on every history whose series taught; each has the place that it always has."""
    series, params = learned.series, DeepAr.model_validate(learned.params)
    shape = _shape_in(learned)
    there = {name: known.get(name) for name in sorted(learned.taught)}
    check_given({name: history for name, history in there.items() if history}, series)
    lines = lines_of(there, learned.taught, series, shape, last=shape.past)
    who = [(name, history.end if history else 0) for name, history in there.items()]
    with at_work(shape.seed, threads=1) as torch:
        network = revived(shape, params, learned.weights)
        drawn = paths(torch, network, lines, who, params.samples)
        return {
            name: _summary(one * learned.taught[name]["unit"], series)
            for (name, _), one in zip(who, drawn, strict=True)
            if name in known
        }


def _summary(drawn: Floats, series: Series) -> Ahead:
    quantiles = np.quantile(drawn, series.quantiles, axis=0).T if series.quantiles else None
    nothing = np.empty((drawn.shape[1], 0))
    return Ahead(drawn.mean(axis=0), nothing if quantiles is None else quantiles)


def _shape(known: Mapping[Id, History], series: Series, params: DeepAr, seed: int) -> Shape:
    lengths = [len(one.whole(series)) for one in known.values()]
    longest, lags = max(lengths), params.lags or _lags(series, int(np.median(lengths)))
    places = [series.id.index(name) for name in series.static]
    return Shape(
        context=params.context_length or series.horizon,
        horizon=series.horizon,
        lags=tuple(sorted(set(lags))),
        clock=usual_clock(series.frequency, longest),
        given=scales_of(known, series),
        levels=tuple(tuple(sorted({name[at] for name in known})) for at in places),
        seed=seed,
    )


def _lags(series: Series, length: int) -> list[int]:
    """Those that suit the frequency and the season, and are there for half of a usual series."""
    found = {*usual_lags(series.frequency), series.season, 2 * series.season}
    return [lag for lag in found if lag <= length / 2] or [1]


def _shape_in(learned: Learned) -> Shape:
    try:
        return msgspec.convert(learned.shared.get("shape"), Shape)
    except msgspec.ValidationError as error:
        raise Corrupt(f"this is no network of kind `{NAME}`: {error}") from error


def _unit(values: Floats) -> float:
    """What a series is measured in."""
    return float(np.abs(values).mean())


def _size(network: Any) -> int:
    return sum(one.numel() for one in network.parameters())


def _check_counts(values: Mapping[Id, Floats]) -> None:
    """UserError where a series holds what is no count."""
    for name, found in values.items():
        bad = found[(found < 0) | (found != np.floor(found))]
        if len(bad):
            raise UserError(
                f"params.distribution is 'negative-binomial', and series {told(name)} holds "
                f"{bad[0]:g}; expected counts: 0, 1, 2, …",
                hint='choose distribution = "student-t" or "normal"',
            )


KIND = ForecastKind(DeepArTeacher(), ready)
