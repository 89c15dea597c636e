"""Content types: what a request brings, and in what its answer goes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from keepfit.serve.door.problems import BadRequest

Form = Literal["csv", "json", "lines"]

TYPES: dict[Form, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "lines": "application/jsonlines",
}
_NAMES: dict[str, Form] = {
    **{name: form for form, name in TYPES.items()},
    "application/csv": "csv",
    "application/x-jsonlines": "lines",
    "application/jsonl": "lines",
    "application/x-ndjson": "lines",
}
_ANY = {"*/*", "application/*", "text/*"}


@dataclass(frozen=True, slots=True)
class Media:
    """A form of rows, and whether CSV has a row of names."""

    form: Form
    header: bool | None = None  # None: nothing was said of it


@lru_cache(maxsize=256)
def media_of(content_type: str) -> Media:
    """What a body is, by its content type; BadRequest (415) for what cannot be read."""
    name, parameters = _parsed(content_type)
    form = _NAMES.get(name)
    if form is None:
        told = f"content type `{name}`" if name else "no content type"
        raise BadRequest.saying(f"{told}; expected {', '.join(TYPES.values())}", status=415)
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise BadRequest.saying(f"charset `{charset}`; expected utf-8", status=415)
    return Media(form, _header(parameters))


@lru_cache(maxsize=256)
def accepted(accept: str, came: Media) -> Media:
    """The form of the answer: what is accepted with the highest weight, else as the request came.

    BadRequest (406) where nothing that can be made is accepted.
    """
    best, weight = None, 0.0
    for one in accept.split(","):
        name, parameters = _parsed(one)
        given = _weight(parameters.get("q", "1"))
        if name in _ANY:
            found = Media(came.form)
        elif name in _NAMES:
            found = Media(_NAMES[name], _header(parameters))
        else:
            continue
        if given > weight:
            best, weight = found, given
    if not accept.strip():
        return Media(came.form)
    if best is None:
        told = f"accept `{accept[:100]}`; expected one of {', '.join(TYPES.values())}"
        raise BadRequest.saying(told, status=406)
    return best


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = text.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    return name.strip().lower(), parameters


def _header(parameters: dict[str, str]) -> bool | None:
    said = parameters.get("header", "").lower()
    if said not in ("", "present", "absent"):
        raise BadRequest.saying(f"header={said[:40]}; expected header=present or header=absent")
    return {"": None, "present": True, "absent": False}[said]


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
