"""The world as the lifecycle sees it: store, trainer, clock, environment, and somebody to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from keepfit.data.files.statcache import StatCache
from keepfit.store.registry import Registry
from keepfit.train.worker import Trainer

Say = Callable[[str, str], None]  # a model's name and what is done with it now; "": nothing


def say_nothing(model: str, step: str) -> None:
    """For callers that show no progress."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the sentences of the lifecycle are handed."""

    registry: Registry
    trainer: Trainer
    clock: Callable[[], datetime]  # aware, UTC
    environ: Mapping[str, str]
    cache: StatCache  # digests of files, so that unchanged ones are not read
    say: Say = say_nothing
