"""A job that is killed, and asked again in a process of its own, over and over.

python killing.py ROOT INPUT OUTPUT PACE POINTS SEED

POINTS says how often. Half of the kills come before a touch of the disk, spread over all of them, a
quarter before one of the last, where the output comes to its place, the others at a moment of
chance. Each fourth time the second process is killed as well. Prints JSON: the touches that an
unbroken run makes, the kills that met a running job, and what came out differently.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from keepfit.lifecycle.batch import Asked, Pace, World, predict
from keepfit.lifecycle.open import open_reference
from keepfit.store.open import open_store
from keepfit.store.registry import Registry

TOUCHES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}
KILLED = 9


def opened_at(root: Path):
    """The version in production. No frame library runs here: a fork would not have its threads."""
    registry = Registry(open_store(str(root / "store")), clock=None, actor="test")
    return open_reference(registry, "price@production", ("production",), root)


def die_before(touch: int, folder: Path) -> None:
    """End this process, as kill -9 does, before the touch of the folder with this number."""
    left = itertools.count(touch, -1)
    fsync = os.fsync

    def look(event, arguments):
        if event in TOUCHES and str(folder) in str(arguments[0]) and next(left) == 0:
            os._exit(KILLED)

    def sync(descriptor):
        if next(left) == 0:
            os._exit(KILLED)
        fsync(descriptor)

    os.fsync = sync
    sys.addaudithook(look)


def count_touches(folder: Path, report: int) -> None:
    """Write a byte for each touch."""
    sys.addaudithook(
        lambda event, arguments: (
            os.write(report, b".") if event in TOUCHES and str(folder) in str(arguments[0]) else 0
        )
    )


def in_a_child(act, *, kill_after: float | None = None) -> int:
    """The code with which a process ends that does the act; killed after so many seconds."""
    child = os.fork()
    if not child:
        try:
            act()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 a child must never come back
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return KILLED if code == -signal.SIGKILL else code


class Jobs:
    """One job, in as many folders as it takes."""

    def __init__(self, root: Path, source: str, output: str, pace: Pace, scratch: Path) -> None:
        self.opened = opened_at(root)
        self.source, self.output, self.pace, self.scratch = source, output, pace, scratch

    def do(self) -> None:
        asked = Asked(
            reference="price@production",
            input=self.source,
            output=str(self.scratch / self.output),
            pace=self.pace,
            max_rejects=1.0,
        )
        predict(asked, lambda _: self.opened, World(root=self.scratch))

    def clear(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def came_out(self) -> dict[str, str]:
        """Every file that is there but the memory of the project, by digest."""
        files = sorted(file for file in self.scratch.rglob("*") if file.is_file())
        names = {file.relative_to(self.scratch).as_posix(): file for file in files}
        return {
            name: hashlib.sha256(file.read_bytes()).hexdigest()
            for name, file in names.items()
            if not name.startswith(".keepfit/")
        }

    def touches(self) -> int:
        """How often an unbroken run touches the disk."""
        reading, writing = os.pipe()

        def counted():
            count_touches(self.scratch, writing)
            self.do()

        assert in_a_child(counted) == 0
        os.close(writing)
        count = 0
        while got := os.read(reading, 65536):
            count += len(got)
        return count


def main(root: str, source: str, output: str, pace: str, points: str, seed: str) -> None:
    chance = random.Random(int(seed))
    scratch = Path(source).parent / "scratch"
    jobs = Jobs(Path(root), source, output, Pace(**json.loads(pace)), scratch)
    jobs.clear()
    begun = time.monotonic()
    touches = jobs.touches()
    span = time.monotonic() - begun
    whole = jobs.came_out()
    killed, wrong = 0, []
    for point in range(int(points)):
        jobs.clear()
        spread = point * touches // int(points)
        at = (spread, touches - 1 - point // 4, spread, None)[point % 4]
        hits = [kill(jobs, at, span, chance, touches)]
        if point % 4 == 3:
            hits.append(kill(jobs, chance.randrange(touches), span, chance, touches))
        half = {name for name in jobs.came_out() if not name.startswith(f".{output}.keepfit/")}
        if in_a_child(jobs.do) or jobs.came_out() != whole or half - whole.keys():
            wrong.append((point, at, sorted(half)))
        killed += hits.count(KILLED)
    print(json.dumps({"touches": touches, "killed": killed, "wrong": wrong, "whole": whole}))


def kill(jobs: Jobs, at: int | None, span: float, chance: random.Random, touches: int) -> int:
    """Begin the job and kill it, before a touch or at some moment."""
    if at is None:
        return in_a_child(jobs.do, kill_after=chance.uniform(0, span))

    def dies():
        die_before(at, jobs.scratch)
        jobs.do()

    return in_a_child(dies)


if __name__ == "__main__":
    main(*sys.argv[1:])
