"""The two sides of a siege, each in a process of its own: `siege.py serve|attack JSON`."""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from keepfit.serve.http.limits import Limits
from keepfit.serve.http.loop import run
from keepfit.serve.http.server import Server
from keepfit.serve.http.wire import Response

CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
ZEROS = b"10000\r\n" + bytes(65536) + b"\r\n"
# What a bad client says at first and then for ever, and the seconds between.
KINDS = {
    "header": (b"POST / HTTP/1.1\r\n", b"A: b\r\n", 0.5),
    "body": (b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", b"x" * 50, 0.5),
    "chunks": (CHUNKED + b"\r\n", ZEROS, 0),
    "bomb": (CHUNKED + b"Content-Encoding: gzip\r\n\r\n", ZEROS, 0),
}


def answer(request, reply):
    reply(Response(200, b'{"prediction": 1.5}' if request.body else b"", "application/json"))


def state(server):
    process = Path("/proc/self")  # nothing of it where the system is not Linux
    pages = int((process / "statm").read_text().split()[1]) if process.exists() else 0
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    files = len(list((process / "fd").iterdir())) if process.exists() else 0
    return {"memory": memory, "files": files, "connections": server.connections}


async def serve(limits):
    """Says its port, then its state for each line that it is told; ends with its input."""
    server = Server(answer, Limits(**limits), observe=lambda *_: None)
    await server.start("127.0.0.1", 0)
    print(server.port, flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(state(server)), flush=True)
    await server.drain(5)


async def bad_client(port, kind):
    """Goes on until the server has enough; the status that it heard, and after how long."""
    opening, drip, pause = KINDS[kind]
    begun, said = time.monotonic(), b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.ensure_future(reader.read())
    with suppress(ConnectionError):
        writer.write(opening)
        while not reading.done():
            writer.write(drip)
            await writer.drain()
            await asyncio.wait([reading], timeout=pause)
    with suppress(ConnectionError):
        said = await reading
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return kind, int(said[9:12] or 0), time.monotonic() - begun


async def attack(order):
    """All at once; says what became of each."""
    kinds = [kind for kind, number in order["kinds"].items() for _ in range(number)]
    ends = await asyncio.gather(*(bad_client(order["port"], kind) for kind in kinds))
    print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    run({"serve": serve, "attack": attack}[sys.argv[1]](json.loads(sys.argv[2])))
