"""Several processes behind one socket: the parent listens, they answer; who dies is replaced.

A process is ready before the one that it replaces is told to stop, and a socket that all share
loses no connection that waits. If the parent dies, they stop by themselves: each holds one end of a
pipe whose other end only the parent has.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from keepfit.errors import SystemFailure, UserError
from keepfit.serve.metrics import Board, Metrics

_SHORTEST, _LONGEST = 0.1, 10.0  # seconds before a process that died is replaced, doubled by each
_STEADY = 2.0  # seconds after which a process is taken to have been well


class Orders(msgspec.Struct, frozen=True):
    """What a process is told by its parent: descriptors that it has inherited, and its row."""

    listen: int  # the socket
    board: int  # where all count
    size: int  # of the board, in bytes
    alive: int  # a pipe that ends when the parent does
    ready: int  # a pipe to say a word into, once every model answers
    row: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of a command line; UserError where they are no orders."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise UserError(f"--worker {text}: {error}; keepfit gives it to itself") from error

    def socket(self) -> socket.socket:
        """The socket that the parent listens at."""
        return socket.socket(fileno=self.listen)

    def metrics(self, models: Sequence[str]) -> Metrics:
        """The numbers of this process on the board of all."""
        return Metrics(models, board_of(self.board, self.size), self.row)

    def tell_ready(self) -> None:
        """Say that every model answers."""
        os.write(self.ready, b"1")
        os.close(self.ready)


def board_of(descriptor: int, size: int) -> Board:
    """The doubles in a file that several processes share."""
    return memoryview(mmap.mmap(descriptor, size)).cast("d")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; UserError where there is no such address, SystemFailure where
    it is taken."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UserError(f"there is no address {host}: {error.strerror}") from error
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(2048)
    except OSError as error:
        made.close()
        raise SystemFailure(
            f"cannot listen at {host}:{port}: {error.strerror}",
            hint="another program may: name another --port, or 0 for a free one",
        ) from error
    made.setblocking(False)
    return made


@dataclass(slots=True)
class Crew:
    """The processes of a server, and their parent."""

    command: Sequence[str]  # that starts a process, but for its orders
    listen: socket.socket
    models: Sequence[str]
    count: int
    drain: float  # seconds in which a process that is told to stop must have
    tell: Callable[[str], None]
    up: Callable[[], None]  # is called once all are ready
    _code: int = 0
    _ready: int = 0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: list[asyncio.Event] = field(default_factory=list)  # by row: replace what is there now
    _board: int = -1
    _alive: tuple[int, int] = (-1, -1)

    async def run(self) -> int:
        """Keep them all alive until SIGTERM or SIGINT; the code to exit with.

        SIGHUP replaces one after the other, so that there is never more than one beside them, which
        loads a model while the others answer. A process that cannot begin ends all, with its code.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._turns = [asyncio.Event() for _ in range(self.count)]
        loop.add_signal_handler(signal.SIGHUP, self._turns[0].set)
        with tempfile.TemporaryFile() as board:
            board.truncate(Metrics.size(self.models, self.count))
            self._board, self._alive = board.fileno(), os.pipe()
            await asyncio.gather(self._shut(), *(self._keep(row) for row in range(self.count)))
        os.close(self._alive[1])
        return self._code

    async def _shut(self) -> None:
        """Once all are to stop, listen no more: else who comes would wait for nobody."""
        await self._stop.wait()
        self.listen.close()

    async def _keep(self, row: int) -> None:
        """A process in this row, always, until all stop."""
        pause, loop = _SHORTEST, asyncio.get_running_loop()
        process = await self._begin(row)
        while process is not None:
            begun = loop.time()
            if await self._lasts(row, process):
                process = await self._replaced(row, process)
                continue
            if self._stop.is_set():
                await self._end(process)
                return
            self.tell(f"process {process.pid} died ({process.returncode}) and is replaced")
            pause = _SHORTEST if loop.time() - begun > _STEADY else min(pause * 2, _LONGEST)
            await self._sleep(pause)
            process = await self._begin(row)
            if process is not None and process.returncode is None:
                self.tell(f"process {process.pid} is ready")

    async def _lasts(self, row: int, process: asyncio.subprocess.Process) -> bool:
        """Wait until it dies, all are to stop, or (true) it is to be replaced."""
        turn = self._turns[row]
        waits = [
            asyncio.ensure_future(wait) for wait in (process.wait(), self._stop.wait(), turn.wait())
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return turn.is_set() and not self._stop.is_set() and process.returncode is None

    async def _replaced(
        self, row: int, old: asyncio.subprocess.Process
    ) -> asyncio.subprocess.Process | None:
        new = await self._begin(row)
        self._turns[row].clear()
        if new is None or new.returncode is not None:
            if new is not None:
                self.tell(f"process {old.pid} goes on, and so do those after it")
            return old
        await self._end(old)
        self.tell(f"process {new.pid} is in the place of {old.pid}")
        if row + 1 < self.count:
            self._turns[row + 1].set()
        return new

    async def _begin(self, row: int) -> asyncio.subprocess.Process | None:
        """A process that is ready; None where all are to stop."""
        if self._stop.is_set():
            return None
        ready, tells = os.pipe()
        orders = Orders(
            listen=self.listen.fileno(),
            board=self._board,
            size=Metrics.size(self.models, self.count),
            alive=self._alive[0],
            ready=tells,
            row=row,
        )
        process = await asyncio.create_subprocess_exec(
            *self.command,
            "--worker",
            msgspec.json.encode(orders).decode(),
            pass_fds=(orders.listen, orders.board, orders.alive, tells),
            # Ctrl-C goes to the terminal's whole group; the parent tells each in its turn
            process_group=0,
        )
        os.close(tells)
        if await self._says(ready):
            self._count()
            return process
        return await self._failed(process)

    async def _says(self, ready: int) -> bool:
        """Whether a word came before the pipe was closed."""
        loop = asyncio.get_running_loop()
        said: asyncio.Future[bytes] = loop.create_future()

        def heard() -> None:
            if not said.done():
                said.set_result(os.read(ready, 1))

        loop.add_reader(ready, heard)
        stopped = asyncio.ensure_future(self._stop.wait())
        waits: list[asyncio.Future[Any]] = [said, stopped]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        loop.remove_reader(ready)
        os.close(ready)
        return bool(said.done() and said.result())

    def _count(self) -> None:
        self._ready += 1
        if self._ready == self.count and not self._stop.is_set():
            self.up()

    async def _failed(
        self, process: asyncio.subprocess.Process
    ) -> asyncio.subprocess.Process | None:
        """What could not begin: at the start that ends all, later it is tried again."""
        if self._stop.is_set():
            await self._end(process)
            return None
        await process.wait()
        if self._ready < self.count:
            self._code = self._code or process.returncode or 1
            self._stop.set()
            return None
        return process  # dead: whoever keeps the row sees that

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.drain + 2)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _sleep(self, seconds: float) -> None:
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait([stopped], timeout=seconds)
        stopped.cancel()


def command_of(argv: Sequence[str]) -> list[str]:
    """The command that starts this very program again with what was typed."""
    # -P: the working folder must not come between the process and its modules
    return [sys.executable, "-P", "-m", "keepfit", *argv]
