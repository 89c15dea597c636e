"""H1: whatever comes, no answer is the server's fault, nothing hangs, nothing is left behind."""

import os
import random
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from nasty import Model, Nasty
from raw import Raw

MODELS = (
    Model("fare", {"distance_km": 5, "borough": "queens", "riders": 2}),
    Model("borough", {"distance_km": 5, "fare": 17.0}),
)
# where no row or column can be named, the sentence says which rule it is
RULES = re.compile(
    r"expected |differ in length|no JSON|no UTF-8|no table of CSV|nested too deep|takes (POST|GET)|"
    r"there is no |the query has|it has no (probabilities|labels)|cannot be predicted|"
    r"the request('s| is| has)|the body('s)? |the path |at most "
)
TOGETHER = 32  # requests that one connection asks at once
ENOUGH = 5  # failures to be told of


class Target:
    """The server's process, as Linux and the answers tell of it."""

    def __init__(self, serving):
        self.serving, self.pid = serving, serving.process.pid

    @property
    def memory(self):
        """MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def files(self):
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def settled_files(self, most):
        """How many files are open once connections have gone."""
        with suppress(AssertionError):
            self.serving.until(lambda: self.files <= most)
        return self.files


def is_told(reply, asked):
    """Whether an answer that refuses says why."""
    if asked.method == "HEAD":
        return True
    told = reply.json
    placed = any("row" in one or "column" in one for one in told.get("problems", ()))
    return placed or bool(RULES.search(told["error"]))


def send(client, data):
    with suppress(OSError):  # what is refused is not read to its end
        client.send(data)


def ask_all(port, batch):
    """The answers to a batch, pipelined over one connection."""
    with Raw(port) as client:
        # the server reads no more requests than it may hold answers of
        sending = threading.Thread(target=send, args=(client, b"".join(a.data for a in batch)))
        sending.start()
        for asked in batch:
            reply = client.read_reply(head=asked.method == "HEAD")
            yield asked, reply
            if reply.headers.get("connection") == "close":
                break  # what the transport itself refuses is the last of a connection
        sending.join()


def statuses(port, data):
    """Of the answers to bytes that nobody knows the ends of; it must close in the end."""
    said = bytearray()
    with Raw(port) as client:
        with suppress(ConnectionError):
            client.send(data).say_no_more()
        with suppress(ConnectionError):
            while more := client.socket.recv(2**16):
                said += more
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", bytes(said))]


class Siege:
    """Requests by chance, from some threads; counts the answers and keeps what is wrong."""

    def __init__(self, port, seed):
        self.port, self.seed = port, seed
        self.counted, self.wrong, self.slowest = {}, [], 0.0
        self._lock = threading.Lock()

    def run(self, requests, threads=2):
        shares = [requests // threads] * threads
        running = [
            threading.Thread(target=self._some, args=(share, f"{self.seed}-{n}"))
            for n, share in enumerate(shares)
        ]
        for each in running:
            each.start()
        for each in running:
            each.join()
        return self

    @property
    def answers(self):
        return sum(self.counted.values())

    def _some(self, requests, seed):
        nasty, done = Nasty(MODELS, seed), 0
        while done < requests and len(self.wrong) < ENOUGH:
            batch, begun = nasty.batch(TOGETHER), time.monotonic()
            done += self._batch(batch)
            broken = nasty.broken()
            try:
                for status in statuses(self.port, broken):
                    self._judge(status, True, broken)
                    done += 1
            except OSError as error:
                self._keep(f"{type(error).__name__}: {error}", broken)
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - begun)

    def _batch(self, batch):
        waiting, done = iter(batch), 0
        try:
            for asked, reply in ask_all(self.port, batch):
                told = reply.status < 400 or is_told(reply, asked)
                self._judge(reply.status, told, next(waiting).data, reply.body)
                done += 1
        except (OSError, AssertionError, ValueError) as error:
            # the first without an answer, and what may have come before it
            data = b"".join(asked.data for asked in waiting)
            self._keep(f"{type(error).__name__}: {error}", data)
        return done

    def _judge(self, status, told, data, body=b""):
        with self._lock:
            self.counted[status] = self.counted.get(status, 0) + 1
        if status >= 500 or not told:
            self._keep(f"{status} {body[:500]!r}", data)

    def _keep(self, what, data):
        with self._lock:
            self.wrong.append((what, data))


def say(siege):
    """What went wrong, for a person who will keep it as a seed."""
    return "\n".join(f"{what}\n  {data[:3000]!r}" for what, data in siege.wrong[:5])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads what Linux tells")
@pytest.mark.slow
def test_nasty_requests_are_answered_and_leave_nothing_behind(taxi, serve):
    serving = serve(taxi, "fare@production", "borough@production")
    target, seed = Target(serving), 7
    Siege(serving.port, "warm").run(2000)
    files = target.settled_files(0)
    memory = target.memory
    siege = Siege(serving.port, seed).run(6000)
    assert not siege.wrong, say(siege)
    assert siege.answers > 5000
    assert {200, 400, 404, 405, 406, 415} <= set(siege.counted)
    assert target.settled_files(files) <= files
    assert target.memory - memory < 20
    assert "Traceback" not in serving.said
    assert serving.stop() == 0
    assert {line["status"] for line in serving.access} >= {200, 400}


@pytest.mark.soak
def test_nasty_requests_at_full_size(taxi, serve):
    number = int(os.environ.get("KEEPFIT_NASTY", "1000000"))
    seed = os.environ.get("KEEPFIT_SEED") or str(random.randrange(10**6))
    serving = serve(taxi, "fare@production", "borough@production", "--no-access-log")
    target = Target(serving)
    Siege(serving.port, "warm").run(20_000)
    files = target.settled_files(0)
    memory, begun = target.memory, time.monotonic()
    siege = Siege(serving.port, seed).run(number)
    took = time.monotonic() - begun
    more = target.memory - memory
    counted = ", ".join(f"{status}: {n:,}" for status, n in sorted(siege.counted.items()))
    print(
        f"\nnasty: {siege.answers:,} answers in {took:.0f} s (seed {seed}): {counted}; slowest "
        f"batch {siege.slowest:.2f} s; memory {more:+.1f} MiB of {memory:.0f}, files {files} -> "
        f"{target.settled_files(files)}"
    )
    assert not siege.wrong, say(siege)
    assert target.settled_files(files) <= files
    assert more < 20


# each once made the server fail, hang, or refuse without a reason: model, content type, body
SEEDS = [
    ("borough", "text/csv", b'distance_km,fare\n5,"'),  # polars panicked
    ("borough", "text/csv", b'distance_km,fare\r5,"\r'),
    ("borough", "text/csv", b"distance_km,fare\n" + b"5,17.0\n" * 20_000 + b'5,"'),  # in the thread
    ("borough", "text/csv", b'distance_km,fare\n5,a"\n5,"'),
    ("borough", "text/csv", b"distance_km,fare\n" + b"5,17.0\n" * 20_000 + b'5,a"\n5,"'),
    ("fare", "text/csv", b"distance_km,borough,riders,\n5,queens,2,"),  # a column without a name
    ("fare", "application/json", b'{"distance_km":[5],"borough":[""],"riders":[2],"":[1]}'),
]


def test_what_once_made_a_server_fail_does_no_more(taxi, serve):
    serving = serve(taxi, "fare@production", "borough@production")
    client = serving.client()
    for model, kind, body in SEEDS:
        answer = client.post(body, f"/models/{model}/invocations", kind)
        assert answer.status == 400, body[-100:]
        placed = any("row" in one or "column" in one for one in answer.json.get("problems", ()))
        assert placed or RULES.search(answer.json["error"]), answer.json
    assert "Traceback" not in serving.said
    assert "panicked" not in serving.said  # it costs 45 MiB where RUST_BACKTRACE is set
