"""Which channel is which: the rows to learn from, those to judge on, or a source by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepfit.config.layers import Setting
from keepfit.config.nodes import Origin
from keepfit.errors import Problem, guess
from keepfit.sagemaker.job import Channel

TRAINING = ("training", "train")
HOLDOUT = ("validation", "test", "holdout")
ROWS = ""  # the source of a model that has one


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of each channel."""

    sources: dict[str, Channel]  # by the name of the source that it is
    holdout: Channel | None = None

    @property
    def all(self) -> tuple[Channel, ...]:
        """Every channel that is read, once."""
        return (*self.sources.values(), *((self.holdout,) if self.holdout else ()))


def sources_named(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the sources that a model's table has; one without a name, if that is all."""
    data = table.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    named = isinstance(source, Mapping) and "sql" not in source
    return tuple(source) if named and isinstance(source, Mapping) else (ROWS,)


def assign(channels: Mapping[str, Channel], sources: tuple[str, ...]) -> tuple[Plan, list[Problem]]:
    """Each channel to what it is; a problem for one that nobody reads, and for two of a kind."""
    problems: list[Problem] = []
    taken = {name: channels[name] for name in sources if name in channels}
    rest = {name: one for name, one in channels.items() if name not in taken}
    holdouts = _among(rest, HOLDOUT, "rows to judge on", problems)
    for name in holdouts:
        rest.pop(name)
    rows = _among(rest, TRAINING, "rows to learn from", problems)
    if not rows and len(sources) == 1 and len(rest) == 1:
        rows = [*rest]  # the only one, whatever it is called
    if rows and sources[0] not in taken:
        taken[sources[0]] = rest.pop(rows[0])
    problems += [_unread(name, sources) for name in rest if name not in rows[1:]]
    holdout = channels[holdouts[0]] if holdouts else None
    return Plan(taken, holdout), problems


def settings_of(
    plan: Plan, model: str, table: Mapping[str, Any], folder: Path
) -> Iterator[Setting]:
    """What the channels set of the model's table; their files will lie below `folder`."""
    for source, channel in plan.sources.items():
        path = ("data", "source", *([source] if source != ROWS else []))
        yield _set(model, path, str(folder / channel.name), channel)
    if plan.holdout:
        split = table.get("split")
        others = [key for key in ("group", "column") if isinstance(split, Mapping) and key in split]
        # A share or a span of the table is no share of a channel.
        given = {"by": "file", "file": str(folder / plan.holdout.name), "holdout": 0.2}
        for key, value in {**given, **dict.fromkeys(others)}.items():
            yield _set(model, ("split", key), value, plan.holdout)


def _set(model: str, path: tuple[str, ...], value: Any, channel: Channel) -> Setting:
    return Setting(("model", model, *path), value, Origin("flag", f"channel {channel.name}"))


def _among(
    channels: Collection[str], names: tuple[str, ...], what: str, problems: list[Problem]
) -> list[str]:
    found = [name for name in names if name in channels]
    if len(found) > 1:
        said = f"holds {what}, as `{found[0]}` does; expected one of them"
        problems += [Problem(f"channel {name}", "it", said) for name in found[1:]]
    return found


def _unread(name: str, sources: tuple[str, ...]) -> Problem:
    known = [*(source for source in sources if source != ROWS), *TRAINING, *HOLDOUT]
    return Problem(f"channel {name}", "it", f"is read by nobody.{guess(name, known)}")
