"""Whether a file is data, told by its bytes alone; nothing of it is ever loaded."""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import re
import warnings
import zlib
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER
from zipfile import BadZipFile, ZipFile

# What makes a pickle more than plain data: it names something to import or to call.
_CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}
_PICKLE = re.compile(rb"\x80[\x00-\x05]")  # how those since 2003 begin
_OBJECTS = re.compile(rb"\x93NUMPY.{4,6}\{[^\n]*'\|O", re.DOTALL)
_ENOUGH = 8  # instructions that no numbers are by chance
_LARGEST = 1 << 26  # bytes that a packed file is unpacked to, to be looked at

_PACKED: dict[bytes, Callable[[], object]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"x\x01": zlib.decompressobj,
    b"x\x9c": zlib.decompressobj,
    b"x\xda": zlib.decompressobj,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
}


def code_in(data: bytes) -> str | None:
    """What of a file can run code when it is loaded, in words; None where it is data."""
    if data.startswith(MAGIC_NUMBER):
        return "compiled Python"
    if _OBJECTS.match(data[:4096]):
        return "a numpy array of Python objects, which is a pickle"
    if data.startswith(b"PK\x03\x04"):
        return _in_archive(data)
    for magic, opened in _PACKED.items():
        if data.startswith(magic) and (inner := _unpacked(data, opened)):
            return code_in(inner)
    return "a pickle" if _is_pickle(data) else None


def _is_pickle(data: bytes) -> bool:
    """Whether bytes are a pickle; of older ones, which bear no mark, one that was made of objects.

    Numbers may begin as pickles do. They do not go on as one; and a pickle that breaks off has run
    what stands before that.
    """
    marked = bool(_PICKLE.match(data))
    if not marked and not data.endswith(b"."):
        return False
    number, called = 0, False
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes in texts that are none
            for number, (code, _, _) in enumerate(pickletools.genops(data), 1):
                called = called or code.name in _CALLS
                if (called or marked) and number >= _ENOUGH:
                    break
    except (ValueError, UnicodeDecodeError, OverflowError):
        return called and number > 2
    return called or (marked and number > 2)


def _in_archive(data: bytes) -> str | None:
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    if found := code_in(file.read(_LARGEST)):
                        return f"{found} ({member.filename})"
    except (BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
        return None  # whoever can't be read here is no archive that a loader would run
    return None


def _unpacked(data: bytes, opened: Callable[[], object]) -> bytes:
    try:
        return opened().decompress(data, _LARGEST)  # type: ignore[attr-defined,no-any-return]
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
        return b""
