"""Whole processes and their children, measured in interleaved rounds; what a figure is."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """What a command took: medians over the rounds."""

    wall: float  # seconds
    cpu: float  # seconds, children included
    peak: float  # MB of the largest process


@dataclass(frozen=True)
class Figure:
    """One line of the table: ours beside a peer or a floor, and what the ratio should be."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    ok: bool | None  # None: nothing to hold it against


def run(command: Sequence[str], cwd: Path, environ: Mapping[str, str] | None = None) -> Spent:
    """One run of a command, which must succeed."""
    begun = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said.decode()}")
    wall = time.perf_counter() - begun
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def interleaved(
    commands: Mapping[str, Sequence[str]], cwd: Path, rounds: int = 7
) -> dict[str, Spent]:
    """Medians of each command, run in turns so that a slow moment hits all alike."""
    spent: dict[str, list[Spent]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            once = run(command, cwd)
            if number:  # the first round warms the disk's cache
                spent[name].append(once)
    return {name: _median(rounds) for name, rounds in spent.items()}


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int = 4) -> dict[str, float]:
    """Median seconds of pieces of work in this process, ten times each in every round."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            time.sleep(0.2)  # the threads of a BLAS spin for a while after the work is done
            seconds = [_seconds(work) for _ in range(10)]
            taken[name] += seconds if number else []  # the first round fills caches
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _median(runs: Sequence[Spent]) -> Spent:
    middle = statistics.median
    return Spent(
        middle(r.wall for r in runs), middle(r.cpu for r in runs), middle(r.peak for r in runs)
    )
