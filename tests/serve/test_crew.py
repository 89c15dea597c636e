"""Several processes: what a replacement may not cost."""

import signal
from pathlib import Path

import pytest
from load import Load
from test_killed import children_of

TRIP = {"distance_km": 5, "borough": "queens", "riders": 2}


def test_a_process_goes_on_where_the_one_that_should_replace_it_cannot_begin(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "2")
    client = serving.client()
    assert client.post(TRIP).status == 200
    (taxi.root / "keepfit.toml").write_text("no configuration")
    serving.process.send_signal(signal.SIGHUP)
    serving.until(lambda: "keepfit.toml" in serving.said, "the word of the new process")
    serving.until(lambda: "goes on" in serving.said, "the word of its parent")
    for _ in range(5):
        assert serving.client().post(TRIP).status == 200
    assert serving.said.count("keepfit.toml") == 1  # nobody else tries what could not be
    assert "died" not in serving.said
    assert serving.stop() == 0


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads what Linux tells")
def test_one_process_after_the_other_is_replaced_and_nobody_notices(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "3")
    parent = serving.process.pid
    before, seen = children_of(parent), set()

    def replaced():
        seen.add(len(children_of(parent)))
        return serving.said.count(" is in the place of ") == 3

    with Load(serving.port, rate=100) as load:
        serving.process.send_signal(signal.SIGHUP)
        serving.until(replaced, "the last of the new processes")
    assert max(seen) == 4
    assert len(children_of(parent)) == 3
    assert not before & children_of(parent)
    assert load.lost == []
    assert load.statuses == {200}
    assert serving.stop() == 0
