import shutil
from functools import partial

import msgspec
import pytest

from keepfit.errors import Corrupt, Refused, StoreError
from keepfit.records.rows import Column, Part
from keepfit.store import keys
from keepfit.store.log.events import Freeze


def slot(folder, seq):
    return folder / keys.record("fare", seq)


@pytest.fixture
def log(registry, writing, folder):
    """Six records: three versions begun and published."""
    for number in range(3):
        writing.publish(registry, f"op-{number}")
    return partial(slot, folder)


def remove_one_in_the_middle(log):
    log(2).unlink()


def remove_the_first(log):
    log(0).unlink()


def remove_several(log):
    for seq in (1, 2, 3):
        log(seq).unlink()


def edit_one(log):
    log(2).write_bytes(log(2).read_bytes().replace(b'"ann"', b'"eve"'))


def edit_the_first(log):
    log(0).write_bytes(log(0).read_bytes().replace(b'"ann"', b'"eve"'))


def swap_two(log):
    second, third = log(2).read_bytes(), log(3).read_bytes()
    log(2).write_bytes(third)
    log(3).write_bytes(second)


def repeat_one_at_the_end(log):
    shutil.copy(log(2), log(6))


def fork_at_the_end(log):
    record = msgspec.json.decode(log(5).read_bytes())
    log(6).write_bytes(msgspec.json.encode({**record, "seq": 6, "op": "another"}))


def renumber_the_last(log):
    log(5).write_bytes(log(5).read_bytes().replace(b'"seq":5', b'"seq":7'))


def cut_one_short(log):
    log(3).write_bytes(log(3).read_bytes()[:40])


def empty_the_last(log):
    log(5).write_bytes(b"")


def overwrite_the_last(log):
    log(5).write_bytes(b"\xff\xfe garbage")


def nest_too_deep(log):
    log(5).write_bytes(b"[" * 100_000)


def drop_a_field(log):
    record = msgspec.json.decode(log(5).read_bytes())
    del record["manifest"]
    log(5).write_bytes(msgspec.json.encode(record))


DAMAGES = [
    remove_one_in_the_middle,
    remove_the_first,
    remove_several,
    edit_one,
    edit_the_first,
    swap_two,
    repeat_one_at_the_end,
    fork_at_the_end,
    renumber_the_last,
    cut_one_short,
    empty_the_last,
    overwrite_the_last,
    nest_too_deep,
    drop_a_field,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_damage_of_the_log_stops_readers_and_writers(log, damage, open_registry, writing, folder):
    damage(log)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for act in (lambda r: r.state("fare"), lambda r: writing.begin(r, "op-9")):
        with pytest.raises(Corrupt, match=r"log .*damaged.*log/000000/0+\d\.json") as stopped:
            act(open_registry())
        assert "backup" in stopped.value.hint
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_process_that_read_the_log_notices_what_is_forked_from_it(log, registry):
    registry.state("fare")
    fork_at_the_end(log)
    with pytest.raises(Corrupt):
        registry.state("fare")


@pytest.mark.parametrize(
    "change", [{"k": "policy"}, {"min_reader": 2}, {"k": "merge", "min_reader": 7}]
)
def test_what_a_newer_keepfit_wrote_stops_this_one(log, change, open_registry, writing):
    record = msgspec.json.decode(log(5).read_bytes())
    log(5).write_bytes(msgspec.json.encode({**record, **change}))
    for act in (lambda r: r.state("fare"), lambda r: writing.begin(r, "op-9")):
        with pytest.raises(StoreError, match="newer keepfit") as stopped:
            act(open_registry())
        assert "upgrade" in stopped.value.hint
        assert not isinstance(stopped.value, Corrupt)


def test_a_field_that_this_reader_does_not_know_is_no_obstacle(log, open_registry):
    record = msgspec.json.decode(log(5).read_bytes())
    log(5).write_bytes(msgspec.json.encode({**record, "note": "from the future"}))
    assert len(open_registry().state("fare").versions) == 3


def test_other_files_in_the_folder_of_the_log_are_no_records(log, open_registry):
    for name in (".DS_Store", "00000000000000000009.json~", "9.json"):
        log(0).with_name(name).write_bytes(b"?")
    assert open_registry().state("fare").next == 6


def test_records_beyond_the_thousandth_lie_in_a_folder_of_their_own(registry, folder):
    for number in range(1001):
        registry.freeze("fare", f"attempt-{number}", [])
    assert (folder / "m/fare/log/000001/00000000000000001000.json").exists()
    assert registry.state("fare").next == 1001


def test_a_record_that_would_be_void_is_refused_and_not_written(registry, folder):
    registry.freeze("fare", "attempt-0", [])
    with pytest.raises(Refused, match="used before"):
        registry._append(
            "fare",
            "again",
            lambda _: partial(
                Freeze, op="again", actor="ann", at="", attempt="attempt-0", parts=()
            ),
        )
    assert not slot(folder, 1).exists()


def test_a_record_that_is_too_large_is_refused_and_not_written(registry, folder):
    wide = Part(
        source="rows",
        uri="wide.csv",
        digest="0" * 64,
        size=1,
        format="csv",
        rows=1,
        columns=tuple(Column(name=f"column-{n}", dtype="Float64") for n in range(3000)),
    )
    with pytest.raises(StoreError, match="too large"):
        registry.freeze("fare", "attempt-0", [wide])
    assert not slot(folder, 0).exists()
