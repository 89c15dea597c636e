"""What became of a request to create an object whose answer was lost, or cannot be believed."""

from __future__ import annotations

from keepfit.errors import StoreError, Unclear
from keepfit.store.backends.objects import Exists, Unknown
from keepfit.store.backends.steps import Create, Get, Pause, Steps

_TRIES = 8  # at a place that neither takes the object nor shows one


def settle(key: str, data: bytes) -> Steps[bytes]:
    """The bytes that are at `key` from now on, ours or another's; Unclear where nobody can say."""
    last: StoreError | None = None
    for tries in range(1, _TRIES + 1):
        try:
            yield Create(key, data)
        except (Exists, Unknown) as error:
            last = error
        except StoreError as error:
            if last is None or isinstance(error, Unclear):
                raise  # a first request that failed for sure: nothing was written
            break  # an earlier one may still land
        else:
            return data
        # "Exists" may be our own request, repeated on the way: only the place itself tells.
        try:
            held: bytes | None = yield Get(key)
        except StoreError as error:
            last = error
        else:
            if held is not None:
                return held
        yield Pause(tries)
    raise Unclear(
        f"nobody can say whether {key} was written ({last})",
        hint="run the same command again: it finds out, and does nothing twice",
    ) from last
