"""The two commands of a container as processes, which are ended whatever happens."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from keepfit.errors import UserError
from keepfit.sagemaker.conform.web import HOST, Web

_LOOK = 0.05  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Command:
    """A command; `{root}` and `{port}` stand for the tree and the port."""

    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Command:
        """The command that the text spells; UserError if it spells none."""
        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            raise UserError(f"`{text}` is no command: {error}") from error
        if not words:
            raise UserError("the command is empty; expected one such as 'docker run IMAGE train'")
        return cls(words)

    def at(self, root: Path, port: int) -> list[str]:
        """The words for a tree and a port."""
        return [
            word.replace("{root}", str(root)).replace("{port}", str(port)) for word in self.words
        ]


class Process:
    """A command that runs over a tree; what it says goes to a file beside the tree."""

    def __init__(
        self, command: Command, root: Path, environ: Mapping[str, str], *, port: int = 0
    ) -> None:
        self.port, self._log = port, root.parent / f"{root.name}-{port}.log"
        self.begun = monotonic()
        own = {"KEEPFIT_ML_ROOT": str(root), "SAGEMAKER_BIND_TO_PORT": str(port)}
        with self._log.open("wb") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 what the user names is run
                    command.at(root, port),
                    cwd=root.parent,
                    env={**environ, **own},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                words = shlex.join(command.words)
                raise UserError(f"`{words}` cannot be run: {error.strerror}") from error

    @property
    def said(self) -> str:
        """All that it printed."""
        return self._log.read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """What it ended with; None: it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """What it ended with; None: it did not end in so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def tell_to_end(self) -> None:
        """SIGTERM, to it alone, as Docker sends it."""
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Nothing of it is left."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Server(Process):
    """A command that serves."""

    ready_after: float | None = None  # seconds until /ping was 200; None: it never was

    @property
    def web(self) -> Web:
        """Its client."""
        return Web(self.port)

    def wait_until_ready(self, seconds: float) -> None:
        """Wait for /ping to answer 200, or for the process to end."""
        until = self.begun + seconds
        while self.code is None and monotonic() < until:
            if self.web.get("/ping", timeout=2).status == 200:
                self.ready_after = monotonic() - self.begun
                return
            sleep(_LOOK)


def free_ports(count: int) -> Sequence[int]:
    """Ports of this machine that nobody listens at."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()
