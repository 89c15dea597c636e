"""What is shared by the kinds of Nixtla's statsforecast: its modules, and what stands where it
cannot."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from keepfit.errors import NotInstalled
from keepfit.kinds.forecasts.method import Ahead, Asked

_WHAT = "a forecast by ets, theta or auto-arima"


@functools.cache
def part(name: str) -> Any:
    """A module of the package; NotInstalled with the command that brings it."""
    try:
        with warnings.catch_warnings(action="ignore"):  # its own imports warn of each other
            return importlib.import_module(f"statsforecast.{name}")
    except ImportError as error:
        raise NotInstalled(_WHAT, "forecast") from error


def ready() -> None:
    """NotInstalled where the package is missing; nothing of it is imported."""
    if find_spec("statsforecast") is None:
        raise NotInstalled(_WHAT, "forecast")


@contextmanager
def quietly() -> Iterator[None]:
    """Without what the package says of searches that did not converge: others are then chosen."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        yield


def tried(fit: Any) -> Any:
    """What a fit gives; None where the package cannot: the series then repeats its last season."""
    try:
        with quietly():
            return fit()
    except NotInstalled:
        raise
    except Exception:  # noqa: BLE001 it raises plain exceptions for series that are short or odd
        return None


def unknown(asked: Asked) -> Ahead:
    """Nothing of any step."""
    nothing = np.full(asked.horizon, np.nan)
    return Ahead(nothing, np.full((asked.horizon, len(asked.levels)), np.nan))


def counted(names: Iterable[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0]))[:10])
