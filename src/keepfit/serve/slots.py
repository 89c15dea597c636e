"""The models of a server: under each name the version that answers now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from keepfit.serve.served import Served


@dataclass(slots=True)
class Slot:
    """A model that is served; `served` is swapped as a whole, between two requests."""

    model: str
    served: Served | None = None  # None: not loaded yet
    alarm: str = ""  # why the newest version did not take over


@dataclass(frozen=True, slots=True)
class Slots:
    """Every model by name, in the order in which they were asked for."""

    by_name: Mapping[str, Slot] = field(default_factory=dict)

    @classmethod
    def of(cls, models: Iterator[str] | tuple[str, ...]) -> Slots:
        """Empty places for these models."""
        return cls({model: Slot(model) for model in models})

    @property
    def ready(self) -> bool:
        """Whether every model is loaded."""
        return all(slot.served is not None for slot in self.by_name.values())

    @property
    def loaded(self) -> dict[str, Served]:
        """The versions that answer, by model."""
        return {name: slot.served for name, slot in self.by_name.items() if slot.served}

    @property
    def only(self) -> Slot | None:
        """The model, where it is the only one."""
        return next(iter(self.by_name.values())) if len(self.by_name) == 1 else None
