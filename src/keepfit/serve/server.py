"""One process that serves: it listens, loads, follows the stages, and stops without a loss."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from socket import socket
from typing import IO, Any, TypeVar

from keepfit.config.schema.serving import Serve
from keepfit.serve.access import AccessLog
from keepfit.serve.app import Application, Extra
from keepfit.serve.follow import Follower, Source
from keepfit.serve.http.limits import Limits
from keepfit.serve.http.loop import run as on_loop
from keepfit.serve.http.server import Server
from keepfit.serve.http.wire import Request, Response
from keepfit.serve.joining import Joiner
from keepfit.serve.metrics import Metrics
from keepfit.serve.predictions import PredictionLog
from keepfit.serve.slots import Slots
from keepfit.serve.told import say

T = TypeVar("T")

FLUSH = 0.2  # seconds between two writes of the access log


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """What a serving process takes from outside."""

    access: IO[bytes] = field(default_factory=lambda: sys.stdout.buffer)
    errors: IO[str] = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], datetime] = _utc
    random: Random = field(default_factory=Random)
    entropy: Callable[[int], bytes] = os.urandom
    signals: bool = True  # whether SIGTERM and SIGINT stop it

    def tell(self, text: str) -> None:
        """Say something to whoever runs the server."""
        say(self.errors, f"keepfit: {text}\n")


class Process:
    """Serves models until it is told to stop."""

    def __init__(  # noqa: PLR0913 what a server is made of
        self,
        sources: Mapping[str, Source],
        settings: Serve,
        world: World,
        *,
        metrics: Metrics | None = None,
        header: bool = True,
        extra: Extra | None = None,
        predictions: PredictionLog | None = None,
    ) -> None:
        """`sources` by the name of the model; the rest as of `Application`."""
        self.settings, self._world = settings, world
        self.slots = Slots.of(tuple(sources))
        self.metrics = metrics or Metrics(tuple(sources))
        self._sources, self._header, self._extra = sources, header, extra or {}
        self._predictions = predictions
        self._log = AccessLog(world.access, world.clock) if settings.access_log else None
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="keepfit-follow")
        self._followers = [
            Follower(slot, sources[name], self._teller(name), time.monotonic, settings.poll)
            for name, slot in self.slots.by_name.items()
        ]

    async def run(
        self, listening: socket, *, up: Callable[[], None], alive: int | None = None
    ) -> None:
        """Serve on a socket that listens.

        `up` is called once every model answers. What is wrong with a model at the start is raised.
        When the pipe `alive` ends, which its parent holds, it stops, as when it is told to.
        """
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        joiner = Joiner(self.settings.total_seconds, loop)
        app = self._application(joiner)
        server = Server(
            app.handle,
            Limits.of(self.settings),
            observe=self._observe,
            entropy=self._world.entropy,
        )
        self._heed(loop, stop, alive)
        if self._predictions:
            self._predictions.start()
        # Alone it says that it is not ready; beside others it leaves requests to those that are.
        if alive is None:
            await server.start_on(listening)
        tasks = [asyncio.create_task(self._flushing(server))]
        try:
            await self._load(loop, stop)
            if not stop.is_set():
                if alive is not None:
                    await server.start_on(listening)
                up()
            tasks += [asyncio.create_task(self._follow(loop, f)) for f in self._followers]
            await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            until = loop.time() + self.settings.drain_seconds
            if server.listens:
                await server.drain(self.settings.drain_seconds)
            joiner.close()
            self._looking.shutdown(wait=False, cancel_futures=True)
            if self._predictions:
                self._predictions.close(max(1.0, until - loop.time()))
            if self._log:
                self._log.flush()

    def _application(self, joiner: Joiner) -> Application:
        return Application(
            slots=self.slots,
            settings=self.settings,
            joiner=joiner,
            metrics=self.metrics,
            errors=self._world.errors,
            header=self._header,
            extra=self._extra,
            heard=self._predictions.note if self._predictions else None,
        )

    def _heed(
        self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event, alive: int | None
    ) -> None:
        if self._world.signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
        if alive is not None:

            def orphaned() -> None:
                loop.remove_reader(alive)
                stop.set()

            loop.add_reader(alive, orphaned)

    async def _load(self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        """Load every model, unless it is told to stop before."""
        for follower in self._followers:
            loading = loop.run_in_executor(self._looking, follower.first)
            stopping = asyncio.create_task(stop.wait())
            waits: list[asyncio.Future[Any]] = [loading, stopping]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not loading.done():
                return
            follower.slot.served = loading.result()

    async def _follow(self, loop: asyncio.AbstractEventLoop, follower: Follower) -> None:
        while True:
            # with jitter, so that many servers do not ask the store at once
            await asyncio.sleep(self.settings.poll * self._world.random.uniform(0.8, 1.2))
            served = await loop.run_in_executor(self._looking, follower.look)
            if served is not None:
                follower.take(served)

    async def _flushing(self, server: Server) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            self.metrics.set("keepfit_connections", server.connections)
            if self._log:
                self._log.flush()

    def _observe(self, request: Request | None, response: Response, seconds: float) -> None:
        model = response.model.partition("@")[0]
        self.metrics.answered(model, response.status, seconds, response.rows)
        if self._log:
            self._log.note(request, response, seconds)

    def _teller(self, model: str) -> Callable[[str, str], None]:
        def tell(result: str, text: str) -> None:
            self.metrics.count("keepfit_reloads_total", 1, model=model, result=result)
            self._world.tell(text)

        return tell


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, on the quickest event loop there is, with as many files as it may open."""
    _may_open_many()
    return on_loop(work)


def _may_open_many() -> None:
    # Each connection is a file, and a shell's usual bound of 1,024 is soft: anybody may raise it.
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
