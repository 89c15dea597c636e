"""A server that is told to end while it works."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Semaphore
from time import monotonic, sleep

from keepfit.sagemaker.conform.process import Server
from keepfit.sagemaker.conform.web import Reply

SECONDS = 30.0  # from SIGTERM to SIGKILL


@dataclass(frozen=True, slots=True)
class Stop:
    """A server that was told to end while it predicted."""

    code: int | None  # None: it had to be killed
    seconds: float
    replies: tuple[Reply, ...]  # to what was under way
    afterwards: Reply  # to a request after its end
    said: str


def stop_of(server: Server, body: str) -> Stop:
    """The server, told to end while requests with this body are under way."""
    with ThreadPoolExecutor(4) as clients:
        off = Semaphore(0)
        csv = {"Content-Type": "text/csv"}
        ask = partial(server.web.send, "POST", "/invocations", body, csv, sent=off.release)
        work = [clients.submit(ask) for _ in range(4)]
        for _ in work:
            off.acquire(timeout=SECONDS)
        sleep(0.3)  # they have arrived; what is still in the air the contract does not speak of
        begun = monotonic()
        server.tell_to_end()
        code = server.wait(SECONDS + 10)
        seconds = monotonic() - begun
        replies = tuple(one.result() for one in work)
    afterwards = server.web.get("/ping", timeout=2)
    server.end()
    return Stop(code, seconds, replies, afterwards, server.said)
