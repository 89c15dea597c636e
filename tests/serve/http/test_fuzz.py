"""Whatever bytes come: no answer is the server's fault, nothing hangs, nothing is left behind."""

import asyncio
import os
import random
import re
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw import Echo, request, running

from keepfit.serve.http.limits import Limits

CHUNKS = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
WORDS = [
    request("GET", "/a"),
    request("POST", "/b?c=d", b"hello"),
    request("HEAD", "/a"),
    request("GET", "/late"),
    request("POST", "/", b"abc", "Expect: 100-continue"),
    request("POST", "/", b"abc", "Connection: upgrade", "Upgrade: h2c"),
    request("GET", "/", version="1.0"),
    request("GET", "/", b"", "Connection: close"),
    CHUNKS + b"3\r\nabc\r\n0\r\n\r\n",
    CHUNKS + b"1;a=b\r\nx\r\n00\r\nTrailer: y\r\n\r\n",
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\t", b"\xff", b"0\r\n\r\n", b"ffffffff\r\n"),
    *(b"GET ", b"POST / ", b"HTTP/1.1\r\n", b"HTTP/2.0\r\n", b"HTTP/9.9\r\n", b"PRI * "),
    *(b"Content-Length: 5\r\n", b"Content-Length: 99999999999\r\n", b"Content-Length: -5\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Host: a\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n"),
    *(b"Expect: 100-continue\r\n", b"Expect: 200-ok\r\n", b"X-Request-Id: a\r\n", b" folded\r\n"),
    b"A: " + b"b" * 3000 + b"\r\n",
]
PROCESS = Path("/proc/self")
LIMITS = Limits(max_body=2000, max_header=2000, max_url=500, linger_seconds=0.5)


class Some(Echo):
    """Has a late answer, and no bug that noise could find."""

    def __call__(self, asked, reply):
        if asked.path == "/late":
            asyncio.get_running_loop().call_later(0.001, self._echo, asked, reply, "")
        else:
            self._echo(asked, reply, "")


@pytest.fixture(scope="module")
def target():
    with running(LIMITS, handler=Some()) as it:
        yield it
        it.until(lambda: not it.server.connections)
        assert not it.bugs
        shared = it.server._shared
        assert shared.requests == shared.held == 0


def found(data):
    """The statuses in the bytes; of an answer to HEAD nobody knows here that it has no body."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def statuses(target, *pieces):
    """Of the answers to these pieces, each read by itself."""
    with target.connect() as client:
        for piece in pieces:
            client.send(piece)
            target.settle()
        client.say_no_more()
        data = bytearray()
        while more := client.socket.recv(2**16):
            data += more
    return found(data)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=8), max_size=8), st.data())
def test_any_bytes_in_any_pieces_get_the_same_answers(target, words, data):
    said = b"".join(words)
    whole = statuses(target, said)
    assert all(status < 500 for status in whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=4)))
    pieces = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert statuses(target, *pieces) == whole


def noise(chance):
    """Words one after the other, some of them damaged."""
    said = bytearray()
    for _ in range(chance.randint(1, 6)):
        word = bytearray(chance.choice(WORDS))
        for _ in range(chance.choice([0, 0, 1, 3])):
            at = chance.randrange(len(word) + 1)
            word[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        said += word
    return bytes(said)


def bombard(target, number, seed):
    """How many answers came to so many connections with noise; each must end in time."""
    chance, answers, slowest = random.Random(seed), 0, 0.0
    for _ in range(number):
        said, begun = noise(chance), time.monotonic()
        with target.connect() as client:
            with suppress(ConnectionError):
                client.send(said).say_no_more()
            data = bytearray()
            with suppress(ConnectionError):
                while more := client.socket.recv(2**16):
                    data += more
        assert all(status < 500 for status in found(data)), said
        answers += len(found(data))
        slowest = max(slowest, time.monotonic() - begun)
        target.observed.clear()
    return answers, slowest


def test_noise_is_answered_or_closed(target):
    answers, slowest = bombard(target, 1000, seed=7)
    assert answers > 1000
    assert slowest < 10


def memory_and_files():
    """KiB and open files of this process."""
    pages = int((PROCESS / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(list((PROCESS / "fd").iterdir()))


@pytest.mark.skipif(not PROCESS.exists(), reason="reads what Linux tells")
def test_connections_leave_neither_memory_nor_files_behind(target):
    told = []
    for seed, number in ((1, 300), (2, 750), (3, 750), (4, 750)):
        bombard(target, number, seed=seed)
        target.until(lambda: not target.server.connections)
        told.append(memory_and_files())
    memory, files = zip(*told, strict=True)
    assert files[-1] <= files[0]
    # What is left behind is left behind each time; an allocator takes more now and then.
    assert min(after - before for before, after in pairwise(memory)) < 1000


@pytest.mark.soak
@pytest.mark.skipif(not PROCESS.exists(), reason="reads what Linux tells")
def test_noise_at_full_size(target):
    number = int(os.environ.get("KEEPFIT_NOISE", "100000"))
    bombard(target, 2000, seed=1)
    memory, files = memory_and_files()
    begun = time.monotonic()
    answers, slowest = bombard(target, number, seed=int(begun))
    target.until(lambda: not target.server.connections)
    more_memory, more_files = memory_and_files()
    print(
        f"\nframing: {number} connections with noise, {answers} answers, none 5xx, slowest "
        f"{slowest:.2f} s, {time.monotonic() - begun:.0f} s in all (seed {int(begun)}); memory "
        f"{(more_memory - memory) / 1024:+.1f} MiB, files {more_files - files:+d}"
    )
    assert more_files <= files
    assert more_memory - memory < 20 * 1024
