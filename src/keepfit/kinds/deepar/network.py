"""The network of DeepAR as GluonTS has it: how it is built, and its weights as safetensors.

GluonTS is imported here alone. Its trainer and its predictors are left out: they write folders, and
what they store would have to be unpickled.
"""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from keepfit.durations import Duration
from keepfit.errors import Corrupt, NotInstalled
from keepfit.kinds.forecasts.params import DeepAr
from keepfit.kinds.tensors import WEIGHTS, tensors, written
from keepfit.kinds.torch_pins import pinned
from keepfit.records.base import Record

NAME = "deepar"
_OUTPUTS = {
    "student-t": "StudentTOutput",
    "normal": "NormalOutput",
    "negative-binomial": "NegativeBinomialOutput",
}
_LEAST = 0.01  # of a series' own unit: what is divided by where a window is all but zero


class Shape(Record, frozen=True, kw_only=True):
    """What a network reads and says, beside its params."""

    context: int  # steps that it reads before those that it forecasts
    horizon: int
    lags: tuple[int, ...]  # rising
    clock: tuple[str, ...]  # what tells a step's time, by GluonTS's names: hour_of_day
    given: tuple[tuple[float, float], ...]  # of each of series.dynamic, its mean and its deviation
    levels: tuple[tuple[str, ...], ...]  # of each static column, sorted
    seed: int

    @property
    def moments(self) -> int:
        """How many numbers tell what is known of a step: its time, its age, and what is given."""
        return len(self.clock) + 1 + len(self.given)

    @property
    def past(self) -> int:
        """How far before the first step of a forecast its values reach."""
        return self.context + max(self.lags) - 1


class Parts(NamedTuple):
    """The packages that a network is made with."""

    torch: Any
    module: Any  # gluonts.torch.model.deepar.module
    distributions: Any  # gluonts.torch.distributions
    scaler: Any  # gluonts.torch.scaler


@functools.cache
def parts() -> Parts:
    """All of them, imported; NotInstalled with the command that brings them."""
    inner = ("model.deepar.module", "distributions", "scaler")
    try:
        with warnings.catch_warnings(action="ignore"), _without_trainers():
            torch = importlib.import_module("torch")
            return Parts(torch, *(importlib.import_module(f"gluonts.torch.{one}") for one in inner))
    except ImportError as error:
        raise NotInstalled(f"kind `{NAME}`", NAME) from error


@contextmanager
def _without_trainers() -> Iterator[None]:
    """GluonTS's packages, but for what they import for all of their models: that is lightning, ten
    packages and five seconds which the network itself has no use for. Whoever imports them
    afterwards gets them whole."""
    before = {name: one for name, one in sys.modules.items() if name.startswith("gluonts.torch")}
    root = Path(importlib.import_module("gluonts").__file__ or "").parent
    for name in ("torch", "torch.model", "torch.model.deepar"):
        if f"gluonts.{name}" not in before:
            bare = ModuleType(f"gluonts.{name}")
            bare.__path__ = [str(root.joinpath(*name.split(".")))]
            sys.modules[bare.__name__] = bare
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith("gluonts.torch")]:
            if name not in before:
                del sys.modules[name]


def ready() -> None:
    """NotInstalled where a package is missing; nothing is imported."""
    if not all(find_spec(name) for name in ("torch", "gluonts", "scipy", "safetensors")):
        raise NotInstalled(f"kind `{NAME}`", NAME)


@contextmanager
def at_work(seed: int, threads: int) -> Iterator[Any]:
    """torch with so many threads and its chance from `seed`, and afterwards as it was."""
    torch = parts().torch
    with (
        pinned(torch, threads),
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(action="ignore"),  # torch's, of how GluonTS slices
    ):
        torch.manual_seed(seed % 2**63)
        yield torch


def built(shape: Shape, params: DeepAr) -> Any:
    """A network with weights by torch's chance."""
    _, module, distributions, scaler = parts()
    sizes = [len(levels) for levels in shape.levels] or [1]
    network = module.DeepARModel(
        freq="D",  # only stands for lags, which are told
        context_length=shape.context,
        prediction_length=shape.horizon,
        num_feat_dynamic_real=shape.moments,
        num_feat_static_real=1,
        num_feat_static_cat=len(sizes),
        cardinality=sizes,
        embedding_dimension=[params.embedding or min(50, (size + 1) // 2) for size in sizes],
        num_layers=params.layers,
        hidden_size=params.hidden_size,
        dropout_rate=params.dropout if params.layers > 1 else 0.0,  # it lies between layers
        distr_output=getattr(distributions, _OUTPUTS[params.distribution])(),
        lags_seq=list(shape.lags),
    )
    network.scaler = scaler.MeanScaler(
        dim=-1, keepdim=True, default_scale=1.0, minimum_scale=_LEAST
    )
    return network


def weights_of(network: Any) -> bytes:
    """Its weights as a file; the same weights give the same bytes."""
    arrays = {name: one.detach().numpy() for name, one in network.state_dict().items()}
    return written(NAME, arrays)


def revived(shape: Shape, params: DeepAr, weights: bytes) -> Any:
    """The network that was saved, ready to be asked; Corrupt where the weights are another's."""
    network, torch = built(shape, params), parts().torch
    arrays = {
        name: torch.from_numpy(np.frombuffer(one["data"], "<f4").reshape(one["shape"]).copy())
        for name, one in tensors(NAME, weights).items()
    }
    try:
        network.load_state_dict(arrays)
    except RuntimeError as error:
        raise Corrupt(f"{WEIGHTS}: these are not this network's weights: {error}") from error
    return network.eval()


def usual_lags(frequency: Duration) -> list[int]:
    """How many steps ago are the values that GluonTS reads for a frequency."""
    lags = importlib.import_module("gluonts.time_feature").get_lags_for_frequency(
        _offset(frequency)
    )
    return [int(lag) for lag in lags]


def usual_clock(frequency: Duration, steps: int) -> tuple[str, ...]:
    """What tells the time for GluonTS, as far as so many steps go twice through its cycle.

    Of a day in January a network knows nothing that has seen a summer and an autumn.
    """
    found = importlib.import_module("gluonts.time_feature").time_features_from_frequency_str(
        _offset(frequency)
    )
    length = frequency.months * 30.5 if frequency.months else frequency.microseconds / _DAY
    names = [one.__name__ for one in found]
    return tuple(name for name in names if 2 * _CYCLES[name] <= steps * length)


_DAY = 86_400_000_000  # microseconds
_CYCLES = {  # days
    "minute_of_hour": 1 / 24,
    "hour_of_day": 1,
    "day_of_week": 7,
    "day_of_month": 31,
    "day_of_year": 365,
    "week_of_year": 365,
    "month_of_year": 365,
}


def clock(names: tuple[str, ...]) -> list[Any]:
    """Functions from an index of times to the numbers that tell them."""
    return [getattr(importlib.import_module("gluonts.time_feature"), name) for name in names]


def _offset(frequency: Duration) -> Any:
    """The frequency as pandas has it, not by a name: those change with its versions."""
    offsets = importlib.import_module("pandas").offsets
    if months := frequency.months:
        if months % 12 == 0:
            return offsets.YearEnd(months // 12)
        return offsets.QuarterEnd() if months == 3 else offsets.MonthEnd(months)
    minutes = frequency.microseconds // 60_000_000
    units = ((offsets.Week, 7 * 24 * 60), (offsets.Day, 24 * 60), (offsets.Hour, 60))
    for unit, length in units:
        if minutes % length == 0:
            return unit(minutes // length)
    return offsets.Minute(minutes)
