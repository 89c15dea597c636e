"""T4: processes that race for the numbers of one model in a bucket; every number is given once."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import bucket_server
import pytest
import story

from keepfit.store.backends.cloud import CloudStore

BUCKETS = ["s3", "gs", "az"]
ADDRESS = "{}://bucket/models"


@contextmanager
def served(dialect):
    """A server in a process of its own; the variables that lead to it."""
    command = [sys.executable, bucket_server.__file__, dialect]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as server:
        try:
            port = int(server.stdout.readline())
            yield bucket_server.environ(dialect, port)
        finally:
            server.kill()


def race(dialect, environ, writers, rounds):
    """What each of the writers was told it had published."""
    script = Path(story.__file__).parents[1] / "store" / "writer.py"
    address = ADDRESS.format(dialect)
    running = [
        subprocess.Popen(
            [sys.executable, script, address, f"writer-{number}", str(rounds)],
            env=os.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    told = [process.communicate() for process in running]
    assert [error for _, error in told] == [""] * writers
    assert [process.returncode for process in running] == [0] * writers
    return [[line.split()[0] for line in out.splitlines()] for out, _ in told]


def check_race(dialect, writers, rounds):
    """Every acknowledged version is there, every number once, without a gap."""
    with served(dialect) as environ, pytest.MonkeyPatch.context() as patch:
        told = race(dialect, environ, writers, rounds)
        for name, value in environ.items():
            patch.setenv(name, value)
        reader = story.registry(CloudStore(ADDRESS.format(dialect)))
        state = reader.state("fare")
        numbers = [f"1.0.{number}-aff1242" for number in range(writers * rounds)]
        assert [len(versions) for versions in told] == [rounds] * writers
        assert sorted(version for versions in told for version in versions) == sorted(numbers)
        assert sorted(state.versions) == sorted(numbers)
        assert [entry for entry in state.entries if entry.void] == []
        assert reader.files("fare", numbers[-1]) == story.WRITING["FILES"]


@pytest.mark.parametrize("dialect", BUCKETS)
def test_writers_race_for_numbers_in_a_bucket(dialect):
    check_race(dialect, writers=4, rounds=25)


@pytest.mark.soak
@pytest.mark.parametrize("dialect", BUCKETS)
def test_many_writers_race_for_numbers_in_a_bucket(dialect):
    check_race(dialect, writers=16, rounds=250)
    print(f"T4 {dialect}: 16 processes x 250 publishes, 4,000 consecutive numbers, 0 lost")
