import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry

WRITER = Path(__file__).with_name("writer.py")


class Clock:
    """A clock that goes on by a second each time somebody looks at it."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def writing():
    """How versions are written in these tests: `begin`, `publish`, `manifest_of`, FILES, DIGEST."""
    return SimpleNamespace(script=WRITER, **runpy.run_path(str(WRITER)))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def open_registry(folder):
    """A registry on the test's folder, as a new process would open it."""

    def opened(actor="ann", *, clock=None, objects=None, sleep=lambda _: None):
        objects = objects or LocalStore(folder)
        return Registry(objects, clock=clock or Clock(), actor=actor, sleep=sleep)

    return opened


@pytest.fixture
def registry(open_registry):
    return open_registry()
