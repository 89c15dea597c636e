"""The header of a request: what is wrong with it, where it goes, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import unquote_to_bytes

from keepfit.serve.http.faults import Fault
from keepfit.serve.http.limits import Limits

METHODS: Final = {b"GET": "GET", b"POST": "POST", b"HEAD": "HEAD"}
ID_HEADERS: Final = ("x-request-id", "x-amzn-sagemaker-inference-id")
LONGEST_ID: Final = 128
REMEMBERED: Final = 512  # names and targets, so that nobody can fill the memory with them

# A request without these needs no look at how it is framed, and nobody waits for a word of ours.
SPECIAL: Final = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade"})


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a request as it came."""

    method: str
    version: str
    target: bytes
    headers: Mapping[str, str]
    number: int  # of headers; repeated ones are one in the mapping

    def objection(self, limits: Limits) -> Fault | None:
        """Why nobody can answer a request with this header."""
        if self.version not in ("1.1", "1.0"):
            return Fault(400, f"the request is of HTTP/{self.version}; expected HTTP/1.1")
        if self.method == "CONNECT":
            return Fault(405, "the method is CONNECT, but this is no proxy")
        if len(self.target) > limits.max_url:
            return long_url(limits)
        return self._too_big(limits) or self._bad_framing() or self._bad_body(limits)

    def _too_big(self, limits: Limits) -> Fault | None:
        if self.number > limits.max_headers:
            found = f"the request has {self.number} headers"
            return Fault(431, f"{found}; at most {limits.max_headers} are taken")
        # Three for the colon and the line's end, so that this is never more than what came.
        size = sum(len(name) + len(value) + 3 for name, value in self.headers.items())
        return long_header(limits) if size > limits.max_header else None

    def _bad_framing(self) -> Fault | None:
        coding = self.headers.get("transfer-encoding")
        if coding is None:
            return None
        # What this server and a proxy before it could understand in two ways is refused.
        if self.version == "1.0":
            return Fault(400, "HTTP/1.0 has no transfer-encoding; expected content-length")
        if coding.lower() != "chunked":
            return Fault(400, f"transfer-encoding is {shown(coding)}; expected chunked")
        return None

    def _bad_body(self, limits: Limits) -> Fault | None:
        headers = self.headers
        encoding = headers.get("content-encoding", "identity")
        if encoding.lower() not in ("identity", ""):
            return Fault(415, f"content-encoding is {shown(encoding)}; expected identity")
        length = headers.get("content-length")
        if length is not None and int(length) > limits.max_body:
            return big_body(f"has {int(length)} bytes by its content-length", limits)
        expect = headers.get("expect", "100-continue")
        if expect.lower() != "100-continue":
            return Fault(417, f"expect is {shown(expect)}; expected 100-continue")
        return None


def long_url(limits: Limits) -> Fault:
    return Fault(414, f"the request's URL has more than {limits.max_url} bytes")


def long_header(limits: Limits) -> Fault:
    return Fault(431, f"the request's header has more than {limits.max_header} bytes")


def big_body(found: str, limits: Limits) -> Fault:
    return Fault(413, f"the body {found}; at most {limits.max_body} are taken")


def shown(value: str) -> str:
    """A value of the client's as a message may repeat it."""
    return ascii(value if len(value) <= 80 else f"{value[:80]}…")


def split_target(target: bytes) -> tuple[str, str]:
    """The decoded path and the query of a target; Fault where it has no path."""
    text = target.decode("latin-1")
    if not text.startswith("/"):
        text = _without_authority(text)
    if "#" in text:
        raise Fault(400, "the request's URL has a fragment (#), which is not for the server")
    path, _, query = text.partition("?")
    if "%" not in path:
        return path, query
    try:
        return unquote_to_bytes(path).decode(), query
    except UnicodeDecodeError:
        raise Fault(400, f"the path {shown(path)} is not percent-encoded UTF-8") from None


def _without_authority(text: str) -> str:
    """`/a?b` of `http://host/a?b`, as a client says it to a proxy."""
    if text == "*":
        return text
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        raise Fault(400, f"the request's URL is {shown(text)}; expected one that begins with /")
    authority_ends = min((at for mark in "/?#" if (at := rest.find(mark)) >= 0), default=len(rest))
    path = rest[authority_ends:]
    return path if path.startswith("/") else f"/{path}"


class Words:
    """Names of headers and targets as text: most are those of the request before."""

    def __init__(self) -> None:
        self.names: dict[bytes, str] = {}  # known ones
        self._targets: dict[bytes, tuple[str, str]] = {}

    def name(self, raw: bytes) -> str:
        """The name of a header, in lower case."""
        name = raw.decode("latin-1").lower()
        if len(self.names) < REMEMBERED and len(raw) < 64:
            self.names[raw] = name
        return name

    def target(self, raw: bytes) -> tuple[str, str]:
        """Path and query of a target; Fault where it has none."""
        found = self._targets.get(raw)
        if found is None:
            found = split_target(raw)
            if len(self._targets) < REMEMBERED and len(raw) < 256:
                self._targets[raw] = found
        return found


class Names:
    """Ids of requests: the client's own where it is fit to be written into a header and a log."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._prefix = entropy(6).hex()
        self._number = count(1)

    def choose(self, headers: Mapping[str, str]) -> str:
        for name in ID_HEADERS:
            given = headers.get(name)
            if given and len(given) <= LONGEST_ID and is_visible(given) and " " not in given:
                return given
        return f"{self._prefix}-{next(self._number):x}"


def is_visible(text: str) -> bool:
    """Whether it has visible ASCII and spaces only: fit for the value of a header."""
    return text.isascii() and text.isprintable()
