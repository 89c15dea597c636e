"""T10: a log may grow as long as it likes; what people ask of it costs the same few requests."""

import json
import runpy
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from keepfit.errors import UnknownName
from keepfit.names import Reference
from keepfit.store import keys
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.registry import Registry

LONG = runpy.run_path(str(Path(__file__).with_name("long.py")))
WRITING = runpy.run_path(str(Path(__file__).with_name("writer.py")))
STAGES = ("production",)


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, objects):
        self.objects, self.asked = objects, []

    def __getattr__(self, name):
        act = getattr(self.objects, name)
        if name == "get_many":
            raise AttributeError(name)

        def counted(*arguments):
            self.asked.append((name, *arguments[:1]))
            return act(*arguments)

        return counted


def opened(objects):
    """A registry as a new process opens it, and the requests it makes."""
    counting = Counting(objects)
    registry = Registry(
        counting, clock=lambda: datetime.now(UTC), actor="ann", sleep=lambda _: None
    )
    return registry, counting.asked


def resolve(objects, text="fare@production"):
    registry, asked = opened(objects)
    held = registry.resolve(Reference.parse(text), STAGES)
    return held, len(asked)


def newest(objects, limit):
    registry, asked = opened(objects)
    rows = sum(1 for _ in islice(registry.state("fare").versions.newest_first(), limit))
    return rows, len(asked)


def promote(objects, version):
    """How many requests a new process makes to move a stage, from the mark to the view."""
    registry, asked = opened(objects)
    held = registry.state("fare").stages["production"]
    registry.promote("fare", version, "production", expect=held.seq, how="gate")
    return len(asked)


def figures(objects, versions):
    """What T10 asks for, each in requests of a process that comes new."""
    last = LONG["START"] + 3 * versions * LONG["MINUTE"]
    held, resolved = resolve(objects)
    listed, few = newest(objects, 50)
    everything, many = newest(objects, None)
    registry, asked = opened(objects)
    middle = registry.state("fare").live_at("production", last - (last - LONG["START"]) / 2)
    assert (listed, everything) == (50, versions)
    assert held.version == registry.state("fare").newest.version
    return {
        "resolve": resolved,
        "list 50": few,
        "list all": many,
        "live at": len(asked),
        "middle": middle,
    }


def test_what_people_ask_of_thousands_of_versions_costs_few_requests():
    store, versions = MemoryStore(), 3450
    state = LONG["write"](store, versions)
    assert len(state.versions.pages) == 3
    found = figures(store, versions)
    assert found["resolve"] <= 3
    assert found["list 50"] <= 5
    assert found["list all"] <= 3 + len(state.versions.pages)
    assert found["live at"] <= 6


def test_a_version_from_long_ago_is_found_by_its_number_with_one_page():
    store = MemoryStore()
    LONG["write"](store, 3450)
    held, asked = resolve(store, "fare@1.7.3")
    assert held.name.number == "1.7.3"
    assert asked <= 4
    assert resolve(store, "fare@1.7")[0].name.number == "1.7.49"


def test_moving_a_stage_costs_the_same_however_many_versions_there_are():
    costs = []
    for versions in (100, 1000, 3430):
        store = MemoryStore()
        state = LONG["write"](store, versions)
        costs.append(promote(store, list(state.versions.recent)[-2]))
    assert max(costs) <= 1.1 * min(costs), costs


def test_what_was_live_at_any_time_is_told_from_pages():
    store, versions = MemoryStore(), 3450
    LONG["write"](store, versions)
    registry, _ = opened(store)
    state = registry.state("fare")
    names = list(state.versions)
    for number in range(0, versions, 97):
        at = LONG["START"] + (3 * number + 2) * LONG["MINUTE"]
        assert state.live_at("production", at) == names[number]
        assert state.live_at("production", at - timedelta(seconds=1)) == (
            names[number - 1] if number else None
        )


def test_what_a_stage_holds_is_told_without_a_checkpoint():
    store = MemoryStore()
    state = LONG["write"](store, 100)
    registry, asked = opened(store)
    right = state.versions[state.stages["production"].version]
    for requests in (3, 4):  # the hint, its record, and that there is none after it; the last again
        assert registry.resolve(Reference.parse("fare@production"), STAGES) == right
        assert len(asked) == requests
        assert not any("/ckpt/" in key for _, key in asked)
    with pytest.raises(UnknownName, match="in stage"):
        registry.resolve(Reference.parse("fare@staging"), ("staging",))


def test_a_stage_that_moved_since_the_hint_is_read_from_the_log():
    store = MemoryStore()
    state = LONG["write"](store, 100)
    other, _ = opened(store)
    watching, _ = opened(store)
    assert resolve(store)[0] == watching.resolve(Reference.parse("fare@production"), STAGES)
    before, held = store.get(keys.hint("fare")), state.stages["production"]
    older = next(iter(state.versions))
    other.promote("fare", older, "production", expect=held.seq, how="rollback")
    store.advise(keys.hint("fare"), before)
    assert resolve(store)[0].version == older
    assert watching.resolve(Reference.parse("fare@production"), STAGES).version == older


@pytest.mark.parametrize(
    "told",
    [
        lambda hint: hint | {"last": "0" * 64},  # a backup of another day was restored
        lambda hint: hint | {"seq": hint["seq"] + 1},
        lambda hint: hint | {"seq": -1},
        lambda hint: hint | {"format": 2},  # of a newer keepfit
        lambda hint: {key: hint[key] for key in ("seq", "ckpt", "head", "tail")},  # of an older
    ],
)
def test_a_hint_of_another_log_tells_nothing_of_stages(told):
    store = MemoryStore()
    LONG["write"](store, 100)
    right = resolve(store)[0]
    hint = json.loads(store.get(keys.hint("fare")))
    hint["held"]["production"][0] = "9.9.9-lies"
    store.advise(keys.hint("fare"), json.dumps(told(hint)).encode())
    assert resolve(store)[0] == right


def test_a_claim_and_its_version_leave_the_hint_to_their_verdict():
    store = MemoryStore()
    LONG["write"](store, 100)
    before = store.get(keys.hint("fare"))
    registry, _ = opened(store)
    claim = WRITING["begin"](registry, "op")
    assert store.get(keys.hint("fare")) == before
    cold, asked = opened(store)
    assert cold.state("fare").claims["op"] == claim
    assert len(asked) == 4  # the hint, its checkpoint, the claim, nothing further
    version = WRITING["publish"](registry, "op")
    assert store.get(keys.hint("fare")) == before
    registry.judged("fare", version, evidence=WRITING["DIGEST"], outcome="pass")
    assert store.get(keys.hint("fare")) != before


def test_of_ten_records_one_leaves_a_hint_whatever_it_says():
    store = MemoryStore()
    LONG["write"](store, 100)
    registry, _ = opened(store)
    for number in range(40):
        WRITING["publish"](registry, f"op{number}")
        cold, asked = opened(store)
        assert cold.state("fare") == registry.state("fare")
        assert len(asked) <= 3 + 9  # the hint, its checkpoint, nothing further; and nine records


def test_history_tells_the_newest_records_and_those_before_them():
    store = MemoryStore()
    LONG["write"](store, 400)
    registry, _ = opened(store)
    for limit in (0, 1, 50, 700, 5000):
        told = registry.history("fare", limit)
        assert [entry.event.seq for entry in told] == list(range(1200))[-limit:] * bool(limit)


ASK = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from keepfit.names import Reference
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry
registry = Registry(LocalStore(sys.argv[1]), clock=lambda: datetime.now(UTC), actor="ann")
begun = time.perf_counter()
rows = sum(1 for _ in registry.state("fare").versions.newest_first())
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
status = Path("/proc/self/status")
if status.exists():  # the peak that Linux tells of a child includes that of its parent
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "MB": peak}))
"""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="peaks of memory are told by POSIX systems")
def test_a_hundred_thousand_versions(tmp_path):
    versions = 100_000
    store, small = LocalStore(tmp_path / "store", durable=False), MemoryStore()
    begun = time.perf_counter()
    state = LONG["write"](store, versions)
    written = time.perf_counter() - begun
    few = LONG["write"](small, 100)
    found = figures(store, versions)
    costs = [
        promote(objects, list(known.versions.recent)[-2])
        for objects, known in ((small, few), (store, state))
    ]
    asked = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path / "store")],
        capture_output=True,
        check=True,
    )
    listed = json.loads(asked.stdout)
    print(f"\nT10: {versions:,} versions, {state.next:,} records, written in {written:.0f} s")
    print(f"requests: {found}; promote with 100 versions, with all: {costs}")
    print(f"full list: {listed['seconds']:.2f} s, peak {listed['MB']:.0f} MB")
    print(f"this process, which folded all: {peak():.0f} MB")
    assert found["resolve"] <= 3
    assert found["list 50"] <= 5
    assert found["list all"] <= 110
    shutil.rmtree(tmp_path / "store")
    assert max(costs) <= 1.1 * min(costs)
    assert listed["rows"] == versions
    assert listed["MB"] < 200


@pytest.mark.soak
def test_a_million_events_answer_in_milliseconds():
    versions = 333_334
    store = MemoryStore()
    state = LONG["write"](store, versions, records=1000)
    registry, asked = opened(store)
    took = {}

    def timed(name, act):
        begun = time.perf_counter()
        answer = act()
        took[name] = f"{(time.perf_counter() - begun) * 1000:.1f} ms"
        return answer

    held = timed("state, cold", lambda: registry.state("fare"))
    middle = LONG["START"] + 500_000 * LONG["MINUTE"]
    live = timed("live at, cold page", lambda: held.live_at("production", middle))
    timed("live at, again", lambda: held.live_at("production", middle))
    told = timed("history", lambda: registry.history("fare", 50))
    print(f"\n{state.next:,} events, {len(asked)} requests: {took}, live then {live}")
    assert state.next >= 1_000_000
    assert len(told) == 50
    assert live


def peak():
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
