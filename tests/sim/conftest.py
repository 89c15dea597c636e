from collections import Counter

import pytest

from keepfit.store.backends.memory import MemoryStore
from keepfit.store.backends.objects import Exists, Unknown


class FaultyStore(MemoryStore):
    """A store that lies about requests as planned: `fates` says how, one a `create`, in order.

    lost       not applied, answer lost          refused    not applied, answered "exists" (a 409)
    applied    applied, answer lost              repeated   applied, then answered "exists"
    late       applied before the next request that is no read of it, answer lost
    blind      applied, answer lost, and the next read fails as well
    """

    def __init__(self, fates=()):
        super().__init__()
        self.fates = iter(fates)
        self.late = []
        self.blind = False
        self.seen = Counter()

    def create(self, key, data):
        self._land()
        fate = next(self.fates, "ok")
        self.seen[fate] += 1
        if fate in ("applied", "repeated", "blind", "ok"):
            super().create(key, data)
        if fate == "late":
            self.late.append((key, data))
        self.blind = fate == "blind"
        if fate in ("refused", "repeated"):
            raise Exists(key)
        if fate != "ok":
            raise Unknown(key)

    def get(self, key):
        if self.blind:
            self.blind = False
            raise Unknown(key)
        return super().get(key)

    def _land(self):
        late, self.late = self.late, []
        for key, data in late:
            try:
                super().create(key, data)
            except Exists:  # somebody was quicker: that is what binds a request to its slot
                self.seen["too late"] += 1


@pytest.fixture(scope="session")
def faulty():
    return FaultyStore
