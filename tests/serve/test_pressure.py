"""More than can be answered is turned away at once, and nobody else is hurt."""

import shutil
import signal
import threading
import time
from dataclasses import replace

import pytest

SLOW = """\
import time
from pathlib import Path


def wait(rows):
    if Path("slow").exists():  # in the folder of the project, where the server runs
        time.sleep(float(Path("slow").read_text()))
    return rows
"""
TRIP = {"trip_id": 1, "distance_km": 5, "borough": "queens", "riders": 2}  # a transform reads all


@pytest.fixture(scope="module")
def once_slow(once_taxi, tmp_path_factory):
    """The project with a version of `fare` whose transform takes as long as the file `slow` says,
    few places to wait, and little time to stop."""
    taxi = replace(once_taxi, root=tmp_path_factory.mktemp("slow") / "taxi")
    shutil.copytree(once_taxi.root, taxi.root)
    (taxi.root / "slow.py").write_text(SLOW)
    taxi.edit("[model.fare.data]\n", '[model.fare.data]\ntransform = "slow:wait"\n')
    taxi.edit(
        'name = "taxi"\n', 'name = "taxi"\n\n[project.serve]\nmax_waiting = 4\ndrain_seconds = 1\n'
    )
    taxi.keepfit("run", "fare")
    taxi.promote(taxi.versions[-1])
    return taxi


@pytest.fixture
def slow(once_slow, tmp_path):
    """A copy of it."""
    shutil.copytree(once_slow.root, tmp_path / "slow")
    return replace(once_slow, root=tmp_path / "slow")


def together(serving, count, ask):
    """What so many clients are told that ask at once, with the seconds that it took."""
    told, all_there = [], threading.Barrier(count)

    def one():
        client = serving.client()
        all_there.wait()
        begun = time.monotonic()
        answer = ask(client)
        told.append((answer, time.monotonic() - begun))

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_what_is_too_much_is_refused_at_once_and_nobody_else_is_hurt(slow, serve):
    serving = serve(slow, "fare@production", "borough@production")
    (slow.root / "slow").write_text("1.5")
    path = "/models/fare/invocations"
    begun, client = time.monotonic(), serving.client()
    asking = [threading.Thread(target=together, args=(serving, 4, lambda c: c.post(TRIP, path)))]
    asking[0].start()
    full = lambda: "keepfit_requests_in_flight 4" in client.get("/metrics").body.decode()  # noqa: E731
    serving.until(full, "four requests")
    told = together(serving, 8, lambda c: c.post(TRIP, path))
    pings = [client.get("/ping").status for _ in range(20)]
    assert full(), f"too late, after {time.monotonic() - begun:.1f} s"
    assert {answer.status for answer, _ in told} == {503}
    assert {answer.headers["retry-after"] for answer, _ in told} == {"1"}
    assert "try again" in told[0][0].json["error"]
    assert set(pings) == {200}
    print(f"\npressure: 503 after {max(s for _, s in told) * 1000:.1f} ms at most")
    asking[0].join()
    (slow.root / "slow").unlink()
    assert client.post(TRIP, path).status == 200
    row = {"distance_km": 5, "fare": 17.0}
    assert client.post(row, "/models/borough/invocations").status == 200


def test_a_prediction_that_never_ends_keeps_no_server_from_stopping(slow, serve):
    serving = serve(slow, "fare@production")
    (slow.root / "slow").write_text("600")
    asking = threading.Thread(target=lambda: lost(serving))
    asking.start()
    client = serving.client()
    full = lambda: "keepfit_requests_in_flight 1" in client.get("/metrics").body.decode()  # noqa: E731
    serving.until(full, "the request")
    begun = time.monotonic()
    assert serving.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 20
    asking.join()


def lost(serving):
    try:
        serving.client().post(TRIP)
    except OSError:
        return
