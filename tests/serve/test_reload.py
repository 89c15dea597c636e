"""H3: versions change under load; nobody is refused, and no answer is of two versions."""

import os
import time

import pytest
from load import Load, memory_of, row

from keepfit.names import Reference
from keepfit.serve.door.rows import Rows
from keepfit.serve.follow import Stage

STAGES = ("development", "staging", "production")


def said_by(taxi, version):
    """What the version predicts, by its exact pipeline, in this process."""
    taxi.promote(version)
    stage = Stage(taxi.registry(), Reference.parse("fare@production"), STAGES, taxi.root)
    served = stage.load()
    assert served.version == version
    [value] = served.predict_exactly(Rows([tuple(row().values())])).values
    return value


def flip(taxi, serving, times, *, load=None, note=None):
    """Promote one version after the other, each once the one before it answers."""
    client, versions = serving.client(), taxi.versions
    for turn in range(times):
        wanted = versions[(turn + 1) % 2]
        taxi.promote(wanted)
        serving.until(lambda v=wanted: client.get("/model").json["version"] == v, wanted)
        if note:
            note(turn + 1)


def check(load, known):
    assert load.lost == load.untaken == []
    for status, header, version, prediction in load.told:
        assert status == 200
        assert header == version
        assert prediction == pytest.approx(known[version], rel=1e-9)


def test_versions_change_under_load_and_each_answer_is_of_one_version(taxi, serve):
    known = {version: said_by(taxi, version) for version in reversed(taxi.versions)}
    first, second = taxi.versions
    assert abs(known[first] - known[second]) > 0.01
    serving = serve(taxi, "fare@production", "--poll", "0.02")
    with Load(serving.port, rate=200) as load:
        flip(taxi, serving, 15)
    check(load, known)
    assert {version for _, _, version, _ in load.told} == {first, second}
    assert serving.said.count(" answers\n") == 15
    assert "Traceback" not in serving.said


@pytest.mark.soak
def test_a_thousand_promotions_under_load(taxi, serve):
    number = int(os.environ.get("KEEPFIT_PROMOTIONS", "1000"))
    known = {version: said_by(taxi, version) for version in reversed(taxi.versions)}
    serving = serve(taxi, "fare@production", "--poll", "0.02", "--no-access-log")
    memory = {}
    begun = time.monotonic()

    def note(turn):
        memory[turn] = memory_of(serving.process.pid)

    with Load(serving.port, rate=500) as load:
        flip(taxi, serving, number, note=note)
    took = time.monotonic() - begun
    # Half way everything that is loaded once is there. What grows on is the log itself: each
    # promotion is a record in it, of which a server keeps those since the last checkpoint.
    half = memory[number // 2]
    growth = memory[number] / half - 1
    curve = ", ".join(f"{memory[max(1, number * n // 10)]:.1f}" for n in range(1, 11))
    print(
        f"\nreload: {number} promotions in {took:.0f} s under {load.answers / took:.0f} "
        f"requests/s: {load.answers:,} answers, {len(load.lost)} failed, statuses "
        f"{sorted(load.statuses)}, slowest {load.slowest:.2f} s; MiB after each tenth: "
        f"{curve}; second half {growth:+.1%}"
    )
    check(load, known)
    assert growth < 0.05
