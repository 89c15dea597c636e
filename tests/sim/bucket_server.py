"""The bucket in memory behind HTTP, so that obstore speaks to it as to S3, GCS or Azure, and a
programme of faults: by the number of the request, or by a rule.

As a program: `python bucket_server.py s3` prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate

from bucket import Bucket
from dialects import DIALECTS, Answer, Asked

# What can go wrong with a request, and what of it the caller sees.
FAULTS = (
    "500 before",  # not applied, answered 500
    "500 after",  # applied, answered 500
    "503",  # not applied, told to slow down
    "429",  # not applied, told to slow down
    "409",  # not applied, told of a conflict: S3 says so where two writes overlap
    "reset before",  # not applied, the connection is cut
    "reset after",  # applied, the connection is cut
    "late",  # the connection is cut, and the request is applied after `delay` others
    "truncated",  # applied, the body of the answer ends early
    "flipped",  # applied, one bit of the answer's body is another
)
REFUSALS = {
    "500 before": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "429": (429, "SlowDown"),
    "409": (409, "ConditionalRequestConflict"),
}


@dataclass(frozen=True)
class Seen:
    """One line of the log of requests."""

    number: int
    method: str
    target: str
    status: int  # 0: no answer
    fault: str | None


class Programme:
    """Which requests go wrong, and how: by number (from 0), else by `rule`."""

    def __init__(self, faults: Mapping[int, str] | None = None, *, delay: int = 2):
        self.faults = dict(faults or {})
        self.rule: Callable[[int, Asked], str | None] = lambda _number, _asked: None
        self.delay = delay  # requests after which a late one lands
        self.damage = 0.5  # where in a body a bit is flipped: 0 is its start, 1 its end

    def fault(self, number: int, asked: Asked) -> str | None:
        return self.faults.get(number) or self.rule(number, asked)


class Serving:
    """A bucket, what speaks for it, what goes wrong, and what was asked so far."""

    def __init__(self, dialect: str, bucket: Bucket, programme: Programme):
        self.dialect, self.bucket, self.programme = DIALECTS[dialect](), bucket, programme
        self.log: list[Seen] = []
        self.late: list[tuple[int, Asked]] = []  # when they land

    def take(self, asked: Asked) -> tuple[Answer | None, str | None]:
        """The answer, or None where the connection is cut; and the fault."""
        number = len(self.log)
        self.land(number)
        fault = self.programme.fault(number, asked)
        answer = self.suffer(number, asked, fault)
        status = answer.status if answer else 0
        self.log.append(Seen(number, asked.method, asked.target, status, fault))
        return answer, fault

    def suffer(self, number: int, asked: Asked, fault: str | None) -> Answer | None:
        if fault in REFUSALS:
            return self.dialect.refusal(*REFUSALS[fault])
        if fault == "late":
            self.late.append((number + self.programme.delay, asked))
        if fault in ("late", "reset before"):
            return None
        answer = self.dialect.answer(self.bucket, asked)
        if fault == "500 after":
            return self.dialect.refusal(*REFUSALS["500 before"])
        return {"reset after": None, "flipped": flipped(answer, self.programme.damage)}.get(
            fault, answer
        )

    def land(self, number: int | None = None) -> None:
        """Apply the late requests whose time has come, or all of them."""
        due = [late for late in self.late if number is None or late[0] <= number]
        self.late = [late for late in self.late if late not in due]
        for _, asked in due:
            self.dialect.answer(self.bucket, asked)


def flipped(answer: Answer, where: float) -> Answer:
    """The same with another bit somewhere in its body."""
    body = bytearray(answer.body)
    if body:
        body[int(where * (len(body) - 1))] ^= 1
    return replace(answer, body=bytes(body))


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as obstore speaks it: bodies of known length, connections that stay."""

    def __init__(self, serving: Serving, opened: set[asyncio.Transport]):
        self.serving, self.opened = serving, opened
        self.buffer = bytearray()
        self.transport: asyncio.Transport

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.opened.add(transport)

    def connection_lost(self, error) -> None:
        self.opened.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (asked := self.next_request()) is not None:
            answer, fault = self.serving.take(asked)
            if answer is None:
                self.transport.abort()
                return
            head, body = written(answer, asked.method)
            if fault == "truncated" and body:
                self.transport.write(head + body[: len(body) // 2])
                self.transport.close()
                return
            self.transport.write(head + body)

    def next_request(self) -> Asked | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", 0))
        start = end + 4
        if len(self.buffer) < start + length:
            return None
        body = bytes(self.buffer[start : start + length])
        del self.buffer[: start + length]
        return Asked(method, target, headers, body)


def written(answer: Answer, method: str) -> tuple[bytes, bytes]:
    """Head and body on the wire."""
    lines = [f"HTTP/1.1 {answer.status} -", f"date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines.append(f"content-length: {len(answer.body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head, b"" if method == "HEAD" else answer.body


class BucketServer:
    """A bucket that is served from a thread of this process, on a port of its own."""

    def __init__(self, dialect: str = "s3", *, programme: Programme | None = None, **bucket):
        self.name = dialect
        self.bucket = Bucket(**bucket)
        self.programme = programme or Programme()
        self.serving = Serving(dialect, self.bucket, self.programme)
        self.port = 0

    @property
    def log(self) -> list[Seen]:
        return self.serving.log

    def objects(self) -> dict[str, bytes]:
        """What there is below the address, by key, without asking for it over the wire."""
        bucket, below = self.bucket, "models/"
        return {key.removeprefix(below): bucket.get(key).data for key in bucket.keys(below)}

    def begin_again(self, faults: Mapping[int, str] | None = None) -> None:
        """An empty bucket, an empty log, and other faults."""
        self.bucket.history.clear()
        self.bucket.uploads.clear()
        self.serving.log.clear()
        self.serving.late.clear()
        self.programme.faults = dict(faults or {})

    @property
    def address(self) -> str:
        """What keepfit.toml says."""
        return f"{self.name}://bucket/models"

    def environ(self) -> dict[str, str]:
        """The variables that lead obstore here."""
        return environ(self.name, self.port)

    @contextmanager
    def running(self) -> Iterator[BucketServer]:
        loop = asyncio.new_event_loop()
        opened: set[asyncio.Transport] = set()
        starting = loop.create_server(lambda: Connection(self.serving, opened), "127.0.0.1", 0)
        listening = loop.run_until_complete(starting)
        self.port = listening.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.run_until_complete(closed(listening, opened))
            loop.close()


async def closed(listening: asyncio.Server, opened: set[asyncio.Transport]) -> None:
    """Nobody listens any more, and every connection is cut."""
    listening.close()
    while opened:
        for transport in list(opened):
            transport.abort()
        await asyncio.sleep(0)


def environ(dialect: str, port: int) -> dict[str, str]:
    """The variables that lead obstore to a server on this machine."""
    url = f"http://127.0.0.1:{port}"
    match dialect:
        case "s3":
            return {
                "AWS_ENDPOINT_URL": url,
                "AWS_ALLOW_HTTP": "true",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_REGION": "us-east-1",
            }
        case "gs":
            return {
                "GOOGLE_BASE_URL": url,
                "GOOGLE_ALLOW_HTTP": "true",
                "GOOGLE_BEARER_TOKEN": "test",
            }
        case _:
            return {
                "AZURE_STORAGE_ENDPOINT": f"{url}/account",
                "AZURE_ALLOW_HTTP": "true",
                "AZURE_STORAGE_ACCOUNT_NAME": "account",
                "AZURE_STORAGE_ACCOUNT_KEY": "dGVzdA==",
            }


if __name__ == "__main__":
    with BucketServer(sys.argv[1]).running() as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()
