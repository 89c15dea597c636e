import importlib
import inspect
import pkgutil
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit import records
from keepfit.digest import canonical
from keepfit.records.base import Record
from keepfit.records.evidence import Reason, Verdict
from keepfit.records.rows import Column

ROOMS = [
    importlib.import_module(room.name)
    for room in pkgutil.iter_modules(records.__path__, f"{records.__name__}.")
]
ALL = [
    value
    for room in ROOMS
    for value in vars(room).values()
    if inspect.isclass(value) and issubclass(value, Record) and value.__module__ == room.__name__
    if value is not Record
]
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = {
    str: st.text(max_size=5),
    int: st.integers(-(2**53), 2**53),
    float: NUMBER,
    bool: st.booleans(),
}


def any_of(type_):
    """Values of a field's type."""
    origin, arguments = get_origin(type_), get_args(type_)
    plain = PLAIN | {type(None): st.none(), Any: st.integers()}
    makers = {
        Literal: lambda: st.sampled_from(arguments),
        Union: lambda: st.one_of(map(any_of, arguments)),
        UnionType: lambda: st.one_of(map(any_of, arguments)),
        tuple: lambda: st.lists(any_of(arguments[0]), max_size=2).map(tuple),
        dict: lambda: st.dictionaries(*map(any_of, arguments), max_size=2),
    }
    if type_ in plain:
        return plain[type_]
    return makers[origin]() if origin in makers else any_record(type_)


def any_record(kind):
    """Records of a kind, nested ones too."""
    fields = {name: any_of(type_) for name, type_ in get_type_hints(kind).items()}
    return st.builds(kind, **fields)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_record_comes_back_from_its_json_the_same(kind):
    @given(any_record(kind))
    def comes_back(record):
        data = canonical(record)
        again = msgspec.json.decode(data, type=kind)
        assert again == record
        assert canonical(again) == data

    comes_back()


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_record_is_frozen(kind):
    @given(any_record(kind))
    def is_frozen(record):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(record, record.__struct_fields__[0], None)

    is_frozen()


def test_what_is_as_usual_is_left_out():
    reason = Reason(rule="gain", outcome="pass", text="better")
    assert canonical(Column(name="x", dtype="Int64")) == b'{"dtype":"Int64","name":"x"}'
    assert canonical(Verdict(outcome="pass", reasons=(reason,))).count(b"null") == 0


def reasons(*outcomes):
    return tuple(
        Reason(rule=f"r{i}", outcome=outcome, text=f"text {i}")
        for i, outcome in enumerate(outcomes)
    )


def test_why_names_every_reason_that_decided():
    assert Verdict(outcome="fail", reasons=reasons("pass", "fail", "fail")).why == "text 1; text 2"


def test_why_a_version_passed_is_its_gain():
    assert Verdict(outcome="pass", reasons=reasons("pass", "pass")).why == "text 0"
