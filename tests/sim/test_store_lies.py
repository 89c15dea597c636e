"""T8: whatever a store answers, nothing is lost, nothing is done twice, and nobody is told of a
conflict that is their own success."""

import os
import random
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import product

import pytest
import story
from bucket_server import FAULTS, BucketServer

from keepfit.errors import Conflict, Corrupt, StoreError
from keepfit.store.backends import cloud
from keepfit.store.backends.cloud import CloudStore
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.backends.objects import Exists, Unknown
from keepfit.store.backends.steps import Create
from keepfit.store.log import log

SOAK = "KEEPFIT_SEED"  # names the first seed of a soak
BUCKETS = ["s3", "gs", "az"]
EVERY = 11  # of the requests are tried in the quick suite, others with each fault and dialect
HASTY = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {
        "init_backoff": timedelta(milliseconds=1),
        "max_backoff": timedelta(milliseconds=2),
    },
}


# --- in memory ----------------------------------------------------------------------------------


class FaultStore(MemoryStore):
    """A store whose requests go wrong by number, in every way that the port can tell of."""

    FAULTS = ("lost", "failed", "applied", "refused", "repeated", "late")

    def __init__(self, plan):
        super().__init__()
        self.plan, self.count, self.queue = plan, 0, []

    def get(self, key):
        return self._asked(lambda: super(FaultStore, self).get(key))

    def size(self, key):
        return self._asked(lambda: super(FaultStore, self).size(key))

    def keys(self, prefix):
        return self._asked(lambda: iter(list(super(FaultStore, self).keys(prefix))))

    def write(self, prefix, files):
        return self._asked(lambda: self._overwrite(prefix, files))

    def create(self, key, data):
        fault = self._next(1)
        if fault in ("lost", "refused"):
            raise Exists(key) if fault == "refused" else Unknown(key)
        if fault == "failed":
            raise StoreError(key)  # told for sure that nothing was written
        if fault == "late":
            self.queue.append((self.count + 2, key, data))
            raise Unknown(key)
        super().create(key, data)
        if fault in ("applied", "repeated"):
            raise Exists(key) if fault == "repeated" else Unknown(key)

    def land(self, number=None):
        for late in list(self.queue):
            if number is None or late[0] <= number:
                self.queue.remove(late)
                with suppress(Exists):
                    super().create(*late[1:])

    def _asked(self, answer):
        fault = self._next(1 / 20)
        found = answer() if fault in (None, "applied", "repeated") else None
        if fault:
            raise StoreError("the answer was lost")
        return found

    def _next(self, share):
        number, self.count = self.count, self.count + 1
        self.land(number)
        return self.plan.get(number) if isinstance(self.plan, dict) else self.plan(share)

    def _overwrite(self, prefix, files):
        for name, data in files.items():
            super().advise(f"{prefix}/{name}", data)


def told_in_memory(plan):
    store = FaultStore(plan)
    story.tell(lambda _: store, lambda: read_back(store).state("fare"))
    store.land()
    story.check(read_back(store))
    return store.count


def read_back(store):
    return story.registry(story.held(dict(store._objects)))


@pytest.mark.parametrize("fault", FaultStore.FAULTS)
def test_each_request_to_a_store_in_memory_may_go_wrong_in_each_way(fault):
    told_with_each_in_memory(fault)


def told_with_each_in_memory(fault):
    for number in range(told_in_memory({})):
        told_in_memory({number: fault})


def mixes(seed, part):
    """A plan in which about one create of `part` goes wrong, and some of the other requests."""
    chance = random.Random(seed)

    def plan(share):
        return chance.choice(FaultStore.FAULTS) if chance.random() < share / part else None

    return plan


@pytest.mark.parametrize("seed", range(40))
def test_a_mix_of_lies_in_memory(seed):
    told_in_memory(mixes(seed, 4))


# --- over HTTP ----------------------------------------------------------------------------------


@contextmanager
def serving(dialect, **kind):
    """A server, and a store a person that speaks to it."""
    with BucketServer(dialect, **kind).running() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environ().items():
            patch.setenv(name, value)
        stores = {
            who: CloudStore(server.address, retries=HASTY, sleep=lambda _: None)
            for who in story.PEOPLE
        }
        yield server, stores


@pytest.fixture(params=BUCKETS)
def served(request):
    with serving(request.param) as (server, stores):
        yield server, stores


def told(server, stores, faults=None):
    """The number of requests that the story took."""
    server.begin_again(faults)
    story.tell(stores.get, lambda: reader(server).state("fare"))
    server.serving.land()
    story.check(reader(server))
    return len(server.log)


def reader(server):
    return story.registry(story.held(server.objects()))


@pytest.mark.parametrize("fault", FAULTS)
def test_requests_to_a_bucket_may_go_wrong_in_each_way(served, fault):
    server, stores = served
    first = (FAULTS.index(fault) + 2 * BUCKETS.index(server.name)) % EVERY
    for number in range(first, told(server, stores), EVERY):
        told(server, stores, {number: fault})


def tell_with_chance(server, stores, seed, part=15):
    chance = random.Random(seed)

    def rule(_number, _asked):
        server.programme.damage = chance.random()
        return chance.choice(FAULTS) if chance.random() < 1 / part else None

    server.programme.rule = rule
    told(server, stores)


@pytest.mark.parametrize("seed", range(8))
def test_a_mix_of_lies_of_a_bucket(served, seed):
    tell_with_chance(*served, seed)


def test_a_bucket_with_versions_and_one_that_is_slow_to_rewrite_names_do_as_well():
    with serving("s3", versioned=True) as (server, stores):
        told(server, stores)
        stores["ann"].delete("FORMAT")
        assert stores["ann"].get("FORMAT") is None
        stores["ann"].create("FORMAT", b"{}")
    with serving("gs", once_a_second=True) as (server, stores):
        told(server, stores)


# --- what these tests would catch ---------------------------------------------------------------


def test_it_is_caught_to_believe_a_client_that_says_exists(monkeypatch):
    def believe(key, data):
        try:
            yield Create(key, data)
        except Exists as error:
            raise Conflict("a record", None, key) from error
        return data

    monkeypatch.setattr(log, "settle", believe)
    for fault in ("refused", "repeated"):
        with pytest.raises(story.Lied):
            told_with_each_in_memory(fault)


def test_it_is_caught_to_take_an_unknown_answer_for_a_failure(monkeypatch):
    def give_up(key, data):
        try:
            yield Create(key, data)
        except Unknown as error:
            raise StoreError(key) from error
        return data

    monkeypatch.setattr(log, "settle", give_up)
    with pytest.raises(story.Lied):
        told_with_each_in_memory("applied")


def test_it_is_caught_to_leave_out_the_digest_beside_each_object(monkeypatch):
    monkeypatch.setattr(cloud, "_noted", lambda _: {})
    with serving("s3") as (server, stores):
        told(server, stores)
        reads = [seen.number for seen in server.log if "/log/0" in seen.target and is_read(seen)]
        with pytest.raises(Corrupt, match="log damaged"):
            told_with_each_damage(server, stores, reads)


def is_read(seen):
    return (seen.method, seen.status) == ("GET", 200)


def told_with_each_damage(server, stores, reads):
    for number, tenth in product(reads, range(10)):
        server.programme.damage = tenth / 10
        told(server, stores, {number: "flipped"})


# --- all of it ----------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_to_a_bucket_may_go_wrong_in_each_way(served, fault):
    server, stores = served
    count = told(server, stores)
    for number in range(count):
        told(server, stores, {number: fault})
    print(f"T8 {server.name}: {fault} at each of {count} requests, 0 lies")


@pytest.mark.soak
def test_many_mixes_of_lies_of_a_bucket(served):
    server, stores = served
    first, runs = int(os.environ.get(SOAK, "1000")), int(os.environ.get("KEEPFIT_RUNS", "2000"))
    for seed in range(first, first + runs):
        tell_with_chance(server, stores, seed)
    print(f"T8 {server.name}: mixes with seeds {first} to {first + runs - 1}, 0 lies")


@pytest.mark.soak
def test_many_mixes_of_lies_in_memory():
    first, runs = int(os.environ.get(SOAK, "1000")), int(os.environ.get("KEEPFIT_RUNS", "20000"))
    for seed in range(first, first + runs):
        told_in_memory(mixes(seed, 2 + seed % 8))
    print(f"T8 memory: mixes with seeds {first} to {first + runs - 1}, 0 lies")
