"""When a process begins to answer: alone it says that it is not ready, beside others it waits."""

import asyncio
import os
import socket
import threading

from keepfit.config.schema.serving import Serve
from keepfit.serve.server import Process, World


class Slow:
    """A source that loads when it is let."""

    def __init__(self):
        self.begun, self.let = threading.Event(), threading.Event()

    def wanted(self):
        return "digest"

    def load(self):
        self.begun.set()
        self.let.wait(30)
        return object()


def asked_while_loading(beside_others):
    """What /ping says before the model is there (None: nothing), and afterwards."""
    source = Slow()

    async def ask():
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        alive, parent = os.pipe()
        process = Process({"fare": source}, Serve(access_log=False), World(signals=False))
        up = asyncio.Event()
        running = asyncio.create_task(
            process.run(listening, up=up.set, alive=alive if beside_others else None)
        )
        await asyncio.to_thread(source.begun.wait, 30)
        early = await ping(listening, 0.5)
        source.let.set()
        await asyncio.wait_for(up.wait(), 30)
        late = await ping(listening, 30)
        os.close(parent)
        if not beside_others:
            running.cancel()
        await asyncio.wait([running], timeout=30)
        os.close(alive)
        return early, late

    return asyncio.run(ask())


async def ping(listening, seconds):
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(b"GET /ping HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    try:
        line = await asyncio.wait_for(reader.readline(), seconds)
    except TimeoutError:
        return None
    finally:
        writer.close()
    return int(line.split()[1])


def test_alone_it_says_that_it_is_not_ready():
    assert asked_while_loading(beside_others=False) == (503, 200)


def test_beside_others_it_takes_no_request_before_it_can_answer():
    assert asked_while_loading(beside_others=True) == (None, 200)
