"""A client that says any bytes and reads what comes, and a real server in a thread beside it."""

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from keepfit.serve.http.limits import Limits
from keepfit.serve.http.server import Server
from keepfit.serve.http.wire import Response

PATIENCE = 20.0  # seconds until a test says that the server hangs; machines of tests are busy


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def take_reply(data, *, head=False):
    """The first answer in the bytes and what follows it, or None while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].decode("ascii").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version == "HTTP/1.1", first
    headers = {}
    for line in lines:
        name, value = line.split(": ", 1)
        assert name not in headers, f"{name} comes twice"
        headers[name] = value
    bodiless = head or int(status) < 200 or int(status) in (204, 304)
    length = 0 if bodiless else int(headers["content-length"])
    if len(data) < end + 4 + length:
        return None
    body = bytes(data[end + 4 : end + 4 + length])
    return Reply(int(status), headers, body), data[end + 4 + length :]


def take_replies(data):
    """All answers in the bytes; nothing may be left."""
    replies = []
    while data:
        found = take_reply(data)
        assert found, f"a part of an answer: {data[:200]!r}"
        replies.append(found[0])
        data = found[1]
    return replies


def request(method="POST", path="/", body=b"", *headers, version="1.1"):
    """The bytes of a plain request."""
    lines = [f"{method} {path} HTTP/{version}", "Host: test", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Raw:
    """A connection that says what it is told."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def say_no_more(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Ends the connection as a process that dies does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send_until_closed(self, data, pause=0.0):
        """Says the same again and again, until the server does not listen any more."""
        end = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < end:
                self.send(data)
                time.sleep(pause)
            raise AssertionError("the server still listens")

    def read_reply(self, *, head=False):
        """The next answer."""
        while not (found := take_reply(self.unread, head=head)):
            more = self.socket.recv(2**20)
            assert more, f"the connection ended within an answer: {self.unread[:200]!r}"
            self.unread += more
        reply, self.unread = found
        return reply

    def read_all(self):
        """All answers until the server closes; a reset counts as closing."""
        with contextlib.suppress(ConnectionError):
            while more := self.socket.recv(2**20):
                self.unread += more
        data, self.unread = self.unread, bytearray()
        return take_replies(data)

    def is_closed_in(self, seconds):
        """Whether the server closes within so many seconds, without a word."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def ask(self, *args, **kwargs):
        """The answer to a plain request."""
        return self.send(request(*args, **kwargs)).read_reply(head=args[:1] == ("HEAD",))


class Echo:
    """A handler that says what it was asked; some paths answer late, much, badly or never."""

    def __init__(self):
        self.replies = []  # of those that wait for the test to answer

    def __call__(self, asked, reply):
        name, _, value = asked.path.strip("/").partition("/")
        answer = getattr(self, f"_{name}", self._echo)
        answer(asked, reply, value)

    def _echo(self, asked, reply, _):
        said = {
            "method": asked.method,
            "path": asked.path,
            "query": asked.query,
            "headers": dict(asked.headers),
            "body": asked.body.decode("latin-1"),
        }
        reply(Response(200, json.dumps(said).encode(), "application/json"))

    def _ping(self, _, reply, __):
        reply(Response(200))

    def _late(self, asked, reply, seconds):
        later = asyncio.get_running_loop().call_later
        later(float(seconds), self._echo, asked, reply, "")

    def _kept(self, _, reply, __):
        self.replies.append(reply)

    def _big(self, _, reply, size):
        reply(Response(200, b"x" * int(size), "text/plain"))

    def _empty(self, _, reply, status):
        reply(Response(int(status)))

    def _raise(self, *_):
        raise ZeroDivisionError("a secret of the model")

    def _split(self, _, reply, __):
        headers = (("x-model", "a\r\nset-cookie: b"),)
        reply(Response(200, b"{}", "application/json", headers))


@dataclass
class Running:
    """A server that runs in a thread; `observed` is what its observer was told."""

    server: Server
    loop: asyncio.AbstractEventLoop
    handler: Echo = field(repr=False)
    observed: list = field(default_factory=list, repr=False)
    bugs: list = field(default_factory=list)

    @property
    def port(self):
        return self.server.port

    def connect(self, host="127.0.0.1"):
        return Raw(self.port, host)

    def ask(self, *args, **kwargs):
        """The answer to a plain request on a connection of its own."""
        with self.connect() as client:
            return client.ask(*args, **kwargs)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def settle(self):
        """The server has read what was sent so far."""
        self.run(asyncio.sleep(0))
        self.run(asyncio.sleep(0))

    def reply(self, number, body):
        """Answers the request of that number which waits for the test."""
        answer = Response(200, body, "text/plain")
        self.loop.call_soon_threadsafe(self.handler.replies[number], answer)

    def until(self, condition):
        """Waits for it; what the server does by itself takes its time."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "it did not come to pass"
            time.sleep(0.005)


def new_loop(kind):
    if kind == "asyncio":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


@contextlib.contextmanager
def running(limits=None, *, handler=None, observe=None, loop="uvloop", host="127.0.0.1", sock=None):
    """A server for the time of a test."""
    handler = handler or Echo()
    events, observed, bugs = new_loop(loop), [], []
    events.set_exception_handler(lambda _, context: bugs.append(context))
    observe = observe or (lambda *told: observed.append(told))
    server = Server(handler, limits or Limits(), observe=observe)
    thread = threading.Thread(target=events.run_forever)
    thread.start()
    it = Running(server, events, handler, observed, bugs)
    try:
        it.run(server.start_on(sock) if sock else server.start(host, 0))
        try:
            yield it
        finally:
            it.run(server.drain(0))
    finally:
        events.call_soon_threadsafe(events.stop)
        thread.join()
        events.run_until_complete(events.shutdown_asyncgens())
        events.close()
