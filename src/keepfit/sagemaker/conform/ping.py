"""Points about GET /ping: whether the container lives, and says so in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

from keepfit.sagemaker.conform.bench import READY, Bench
from keepfit.sagemaker.conform.point import Found, Points
from keepfit.sagemaker.conform.process import Server
from keepfit.sagemaker.conform.web import Reply

PING = Points("ping")
point = PING.point

_TIMEOUT = 2.0  # seconds that SageMaker waits for /ping
_IDLE = 50  # connections that say nothing


@point("It answers at the port that it is told (8080 in a container)", expects="a listener")
def listens(bench: Bench) -> Found:
    server = bench.server
    if server.code is not None:
        end = server.said.strip().splitlines()[-1:]
        return Found(False, " ".join([f"it ended with {server.code}:", *end]))
    return Found(bench.web.get("/ping").status > 0, f"port {server.port}")


@point("/ping answers 200 within 4 minutes of the start", expects="200 in less than 240 s")
def is_ready_in_time(bench: Bench) -> Found:
    took = bench.server.ready_after
    return Found(
        took is not None and took < READY, f"{took:.1f} s" if took is not None else "it never did"
    )


@point("/ping is given 2 seconds", expects="every one of 20 in less than 2 s")
def answers_in_time(bench: Bench) -> Found:
    slowest = max(_asked(bench).seconds for _ in range(20))
    return Found(slowest < _TIMEOUT, f"the slowest took {slowest:.3f} s")


@point("/ping answers with an empty body", expects="no body, or a line end")
def has_no_body(bench: Bench) -> Found:
    reply = _asked(bench)
    return Found(reply.status == 200 and not reply.body.strip(), str(reply))


@point("/ping is asked while rows are predicted", expects="200 in less than 2 s, each time")
def answers_under_load(bench: Bench) -> Found:
    body = bench.sample.payload * 400
    with ThreadPoolExecutor(4) as others:
        work = [others.submit(bench.web.post, body) for _ in range(4)]
        replies = [_asked(bench)]
        while not all(one.done() for one in work):
            replies.append(_asked(bench))
    return _all_well(replies)


@point("A connection is accepted within 250 ms", expects="each of 20, under load")
def accepts_in_time(bench: Bench) -> Found:
    body = bench.sample.payload * 400
    slowest = 0.0
    with ThreadPoolExecutor(2) as others:
        for one in [others.submit(bench.web.post, body) for _ in range(2)]:
            for _ in range(10):
                begun = monotonic()
                with bench.web.socket():
                    slowest = max(slowest, monotonic() - begun)
            one.result()
    return Found(slowest < 0.25, f"the slowest took {slowest * 1000:.0f} ms")


@point("Clients that say nothing keep nobody waiting", expects="200 beside 50 silent connections")
def is_not_starved(bench: Bench) -> Found:
    with ExitStack() as silent:
        for number in range(_IDLE):
            connection = silent.enter_context(bench.web.socket())
            connection.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\n"[: number % 40])
        return _all_well([_asked(bench) for _ in range(3)])


@point("What is no HTTP harms nobody", expects="/ping answers 200 afterwards")
def survives_garbage(bench: Bench) -> Found:
    hello_of_tls = b"\x16\x03\x01\x02\x00\x01"
    for garbage in (hello_of_tls, b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"\r\n"):
        bench.web.raw(garbage, timeout=2)
    return _all_well([_asked(bench)])


@point("A container without a model must not be taken for one that serves", expects="no 200")
def is_not_ready_without_a_model(bench: Bench) -> Found:
    return _not_ready(bench.no_model)


@point("Nor must one whose model is damaged", expects="no 200")
def is_not_ready_with_a_damaged_model(bench: Bench) -> Found:
    return _not_ready(bench.damaged_model)


def _asked(bench: Bench) -> Reply:
    return bench.web.get("/ping", timeout=10)


def _all_well(replies: list[Reply]) -> Found:
    slowest = max(replies, key=lambda reply: reply.seconds)
    bad = [reply for reply in replies if reply.status != 200]
    told = str(bad[0]) if bad else f"{len(replies)} answers, the slowest in {slowest.seconds:.3f} s"
    return Found(not bad and slowest.seconds < _TIMEOUT, told)


def _not_ready(server: Server) -> Found:
    if server.code is not None:
        return Found(server.code != 0, f"it ended with {server.code}")
    reply = server.web.get("/ping", timeout=10)
    return Found(reply.status != 200, str(reply))
