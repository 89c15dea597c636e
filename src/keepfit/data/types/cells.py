"""One cell of text as a value, read exactly as `casts` reads a column of them; without polars."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from math import inf, nextafter
from struct import pack, unpack

Cell = float | int | str | bool | None  # None: there is nothing in it
Reader = Callable[[str], Cell]

# What polars trims: the white space of Unicode. Python's own `strip` takes \x1c to \x1f as well.
_WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
_WHITE += "\u2028\u2029\u202f\u205f\u3000"
_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
_WHOLE = re.compile(r"([+-]?)0*(\d{1,20})", re.ASCII)  # int() refuses thousands of digits
_TRUTH = dict.fromkeys(("true", "t", "yes", "1"), True) | dict.fromkeys(
    ("false", "f", "no", "0"), False
)


class Unreadable(ValueError):
    """A cell that is no value of its column's type; it says so: "'abc' is not a number"."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(f"'{text}' is not {expected}")


def reader_of(dtype: str) -> Reader | None:
    """How to read cells of a type, as `records.Column` spells it; None where polars must."""
    return _READERS.get(dtype)


def number(text: str) -> float | None:
    """A Float64; NaN and infinities are numbers. Unreadable where there is another word."""
    try:
        # Of ASCII without _, Python takes for numbers what polars does.
        if text.isascii() and "_" not in text:
            return float(text)
    except ValueError:
        pass
    trimmed = text.strip(_WHITE)
    if not trimmed:
        return None
    if not _NUMBER.fullmatch(trimmed):
        raise Unreadable(text, "a number")
    return float(trimmed)


def single(text: str) -> float | None:
    """A Float32: the nearest to what the text says, which is not always the nearest to `number`."""
    wide = number(text)
    if wide is None:
        return None
    below, above = as_single(nextafter(wide, -inf)), as_single(nextafter(wide, inf))
    if below < above:  # halfway between two of them: the digits that a Float64 lost decide
        exact = Decimal(text.strip(_WHITE))
        if exact != wide:
            return above if exact > wide else below
    return as_single(wide)


def as_single(value: float) -> float:
    """The Float32 that is nearest to a number."""
    try:
        return float(unpack("f", pack("f", value))[0])
    except OverflowError:
        return inf if value > 0 else -inf


def whole(low: int, high: int, text: str) -> int | None:
    """A whole number between two; such as "3.0" too. Unreadable for a fraction or one outside."""
    trimmed = text.strip(_WHITE)
    if not trimmed:
        return None
    if (found := _WHOLE.fullmatch(trimmed)) and low <= (
        value := int("".join(found.groups()))
    ) <= high:
        return value
    # by way of a Float64, as polars does, so that a large one comes out rounded
    if _NUMBER.fullmatch(trimmed):
        near = float(trimmed)
        if near.is_integer() and low <= int(near) <= high:
            return int(near)
    raise Unreadable(text, "a whole number")


def truth(text: str) -> bool | None:
    """A boolean: true, t, yes, 1 or the opposite, in any case. Unreadable for other words."""
    trimmed = text.strip(_WHITE)
    if not trimmed:
        return None
    value = _TRUTH.get(trimmed.lower())
    if value is None:
        raise Unreadable(text, "true or false")
    return value


def _whole(bits: int, *, signed: bool) -> Reader:
    return partial(
        whole, *((-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1))
    )


_READERS: dict[str, Reader] = {
    "Float64": number,
    "Float32": single,
    "Boolean": truth,
    "String": str,  # as it stands, neither trimmed nor taken for nothing
    **{f"Int{bits}": _whole(bits, signed=True) for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": _whole(bits, signed=False) for bits in (8, 16, 32, 64)},
}
