from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit import errors
from keepfit.errors import ConfigError, Conflict, KeepfitError, NotInstalled, SystemFailure
from keepfit.store.backends.objects import Exists
from keepfit.train.wire import Failed, failed, read, revived, write


def travelled(error: BaseException) -> KeepfitError:
    """The error, after its way through a pipe."""
    record = failed(1, error)
    return revived(msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Failed), "fare")


def raised_ones() -> list[type[KeepfitError]]:
    special = {ConfigError, Conflict, NotInstalled, errors.UnknownName}
    special |= {errors.RowsRefused, errors.NoNumber, errors.NoForecast}
    every = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [k for k in every if issubclass(k, KeepfitError) and k not in special]


@pytest.mark.parametrize("kind", raised_ones())
def test_every_error_arrives_as_itself(kind):
    error = travelled(kind("it broke", hint="mend it"))
    assert type(error) is kind
    assert (str(error), error.hint) == ("it broke", "mend it")


def test_errors_with_facts_arrive_with_them():
    error = travelled(Conflict("stage production", "1.0.0", None))
    assert isinstance(error, Conflict)
    assert (error.expected, error.found) == ("1.0.0", None)
    assert str(error) == "stage production: expected 1.0.0, found nothing"
    assert type(travelled(errors.NoNumber("rooms", (3, 5)))) is errors.NoNumber
    refused = [errors.Refusal("at", (3,), "is too late")]
    assert type(travelled(errors.NoForecast(refused))) is errors.NoForecast
    assert travelled(NotInstalled("kind `sklearn`", "sklearn")).hint == (
        "pip install 'keepfit[sklearn]'"
    )


def test_an_error_of_another_room_arrives_as_the_nearest_that_all_know():
    assert type(travelled(Exists("m/fare"))) is errors.StoreError


def test_too_little_memory_is_the_systems_failure():
    error = travelled(MemoryError())
    assert isinstance(error, SystemFailure)
    assert "window" in (error.hint or "")


def test_anything_else_is_a_bug_that_names_the_model():
    error = travelled(ZeroDivisionError("division by zero"))
    assert type(error) is KeepfitError
    assert str(error) == "training fare failed: ZeroDivisionError: division by zero"


@given(st.lists(st.text(), max_size=4), st.data())
def test_a_frame_is_read_whole_or_not_at_all(texts, data):
    pipe = io.BytesIO()
    for number, text in enumerate(texts):
        write(pipe, Failed(number=number, error="", message=text, facts={}, trace=""))
    everything = pipe.getvalue()
    cut = data.draw(st.integers(0, len(everything)))
    stream, found = io.BytesIO(everything[:cut]), []
    while (frame := read(stream)) is not None:
        found.append(msgspec.msgpack.decode(frame, type=Failed).message)
    assert found == texts[: len(found)]
    assert len(found) == len(texts) or cut < len(everything)
