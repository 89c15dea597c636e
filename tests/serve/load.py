"""Clients that keep their connections and ask all the time, and know what they may be told."""

import json
import os
import select
import socket
import threading
import time
import weakref
from collections import Counter
from contextlib import suppress
from pathlib import Path

from raw import Raw, request

TRIP = b'{"distance_km":5,"borough":"queens","riders":2}'
QUIET = 0.2  # seconds; see `quiet_seconds` of the server's limits


class Load:
    """So many requests a second over some connections; each client waits for its answer.

    What was told is counted by status, version in the header, and version and prediction in the
    body. `lost` are the requests without an answer, by how the connection ended; `untaken` those
    for which no process took the connection, as the system tells who comes when nobody listens,
    or that came over one that was quiet for so long that a server which stops lets it go.
    """

    def __init__(self, port, rate=500.0, clients=4, body=TRIP):
        self.told, self.lost, self.untaken, self.slowest = Counter(), [], [], 0.0
        self._heard = weakref.WeakKeyDictionary()  # of a connection, when it had its last answer
        self._port, self._pause = port, clients / rate
        self._asked = request("POST", "/invocations", body, "Content-Type: application/json")
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self):
        self.begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def answers(self):
        return sum(self.told.values())

    @property
    def statuses(self):
        return {status for status, *_ in self.told}

    def _ask(self):
        due = time.monotonic()
        client = None
        while not self._over.is_set():
            client = client or self._connected()
            if client is not None and not self._one(client):
                client.socket.close()
                client = None
            due = max(due + self._pause, time.monotonic() - 1)  # what is late is asked at once
            self._over.wait(max(0.0, due - time.monotonic()))
        if client is not None:
            client.socket.close()

    def _connected(self):
        try:
            return Raw(self._port)
        except OSError:
            return None  # nobody listens

    def _one(self, client):
        """Whether the connection is good for another request."""
        if is_closed(client.socket):
            return False  # as it may be between two requests
        begun = time.monotonic()
        try:
            reply = client.send(self._asked).read_reply()
        except (OSError, AssertionError) as error:
            quiet = begun - self._heard.get(client, 0.0) >= QUIET
            (self.untaken if quiet else self.lost).append(f"{type(error).__name__}: {error}")
            return False
        self._heard[client] = time.monotonic()
        told = reply.json
        version = reply.headers.get("x-keepfit-model", "").partition("@")[2]
        self.told[reply.status, version, told.get("version"), told.get("prediction")] += 1
        self.slowest = max(self.slowest, time.monotonic() - begun)
        return reply.headers.get("connection") != "close"


def is_closed(connection):
    """Whether the other side has ended it."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    with suppress(OSError):
        return connection.recv(1, socket.MSG_PEEK) == b""
    return True


def memory_of(pid):
    """MiB of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def row(body=TRIP):
    return json.loads(body)
