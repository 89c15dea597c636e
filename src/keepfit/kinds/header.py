"""The head of a model's files, which says what the others hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from keepfit.errors import Corrupt
from keepfit.records.base import Record

MODEL = "model.json"

Head = TypeVar("Head", bound=Record)


def read_header(kind: str, files: Mapping[str, bytes], head: type[Head]) -> Head:
    """The header among a model's files; Corrupt where there is none of that kind."""
    try:
        header = msgspec.json.decode(files[MODEL], type=head)
    except (KeyError, msgspec.DecodeError) as error:
        raise Corrupt(f"{MODEL}: this is no model of kind `{kind}`: {error}") from error
    if (said := getattr(header, "kind", kind)) != kind:
        raise Corrupt(f"{MODEL}: this is no model of kind `{kind}`: it says `{said}`")
    return header
