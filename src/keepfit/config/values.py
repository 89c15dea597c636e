"""Single values of the file that are more than a word or a number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from keepfit.durations import Duration


def _span(value: object) -> object:
    return Duration.parse(value) if isinstance(value, str) else value


def _span_text(value: object) -> object:
    return str(value) if isinstance(value, Duration) else value  # a share, in a union with spans


Span = Annotated[
    Duration,
    BeforeValidator(_span),
    PlainSerializer(_span_text),
    WithJsonSchema({"type": "string", "examples": ["1 month", "12 weeks"]}),
]


def _cron(text: str) -> str:
    try:
        CronSim(text, datetime(2020, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f"expected five cron fields such as '0 1 * * *' ({error})") from error
    return text


def _function(text: str) -> str:
    return _of_module(text, "function")


def _class(text: str) -> str:
    return _of_module(text, "Class")


def _of_module(text: str, what: str) -> str:
    module, colon, name = text.partition(":")
    if colon and name.isidentifier() and _dotted(module):
        return text
    module, _, name = text.rpartition(".")
    meant = f", such as '{module}:{name}'" if _dotted(module) and name.isidentifier() else ""
    raise ValueError(f"expected 'module:{what}'{meant}")


def _dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _seconds(value: object) -> object:
    if isinstance(value, str):  # pydantic reads no TypeError
        raise ValueError("expected a number of seconds, such as 120")  # noqa: TRY004
    return value


Cron = Annotated[str, AfterValidator(_cron)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
FunctionPath = Annotated[str, AfterValidator(_function)]
ClassPath = Annotated[str, AfterValidator(_class)]
Seconds = Annotated[float, Field(gt=0), BeforeValidator(_seconds)]
Holdout = Annotated[Span | Fraction, Field(union_mode="left_to_right")]
