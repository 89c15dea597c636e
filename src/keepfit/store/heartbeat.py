"""Signs of life of an attempt that takes long, so that no collector takes it for dead."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from threading import Event, Thread

from keepfit.errors import StoreError
from keepfit.store.backends.objects import ObjectStore

EVERY = 60.0  # seconds; a collector waits for a day


@contextlib.contextmanager
def beating(objects: ObjectStore, key: str, every: float = EVERY) -> Iterator[None]:
    """Overwrite the heartbeat `key` each so many seconds, in a thread that ends with the block.

    Work that is done before the first of them leaves none: its begin is its sign of life.
    """
    over = Event()
    thread = Thread(target=_beat, args=(objects, key, every, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(objects: ObjectStore, key: str, every: float, over: Event) -> None:
    while not over.wait(every):
        # Advice: an attempt that is taken for dead costs a retry, never anybody's work.
        with contextlib.suppress(StoreError):
            objects.advise(key, b"")
