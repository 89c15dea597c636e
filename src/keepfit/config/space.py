"""A space of params against what the kind takes: its names, and the ends of its ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from keepfit.config.lines import KeyPath
from keepfit.config.schema.tune import Range
from keepfit.config.tables import known_keys, types_at
from keepfit.config.wording import Wrong, in_plain_words, unknown_key


def space_wrongs(
    params: type[BaseModel], base: Mapping[str, Any], space: Mapping[str, Any]
) -> Iterator[Wrong]:
    """Everything that is wrong with a space as the file has it, beside the params of `base`."""
    known = known_keys(params)
    for name, given in space.items():
        if name not in known and params.model_config.get("extra") != "allow":
            yield Wrong((name,), unknown_key(name, known))
            continue
        if name == "class":
            yield Wrong((name,), "says which code is the model; expected other params of it")
            continue
        for path, value in values_in(given):
            if wrong := _wrong_value(params, {**base, name: value}, name):
                yield Wrong((name, *path), wrong)
        step = given.get("step") if isinstance(given, dict) else None
        if isinstance(step, float) and _numbers(params, name) == {int}:
            yield Wrong((name, "step"), f"is {step:g}; expected a whole number")


def values_in(given: Any) -> Iterator[tuple[KeyPath, Any]]:
    """The choices of a list, and the ends of a range, each with its place."""
    match given:
        case list() | tuple():
            yield from (((place,), value) for place, value in enumerate(given))
        case Range():
            yield from ((("low",), given.low), (("high",), given.high))
        case dict():
            yield from (((end,), given[end]) for end in ("low", "high") if end in given)


def is_whole(params: type[BaseModel], name: str, span: Range) -> bool:
    """Whether the range holds whole numbers: as the kind says, else as its ends are written."""
    if numbers := _numbers(params, name):
        return float not in numbers
    return all(isinstance(each, int) for each in (span.low, span.high, span.step or 0))


def _numbers(params: type[BaseModel], name: str) -> set[type]:
    return {int, float} & {each for each in types_at(params, (name,)) if isinstance(each, type)}


def _wrong_value(params: type[BaseModel], table: dict[str, Any], name: str) -> str | None:
    try:
        params.model_validate(table)
    except ValidationError as error:
        # what does not fit together is told when a candidate has it
        wrongs = in_plain_words(error, params, table)
        return next((wrong.message for wrong in wrongs if wrong.path[:1] == (name,)), None)
    return None
