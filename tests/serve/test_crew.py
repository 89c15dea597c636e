"""Several processes: what a replacement may not cost."""

import signal

TRIP = {"distance_km": 5, "borough": "queens", "riders": 2}


def test_a_process_goes_on_where_the_one_that_should_replace_it_cannot_begin(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "2")
    client = serving.client()
    assert client.post(TRIP).status == 200
    (taxi.root / "keepfit.toml").write_text("no configuration")
    serving.process.send_signal(signal.SIGHUP)
    serving.until(lambda: "keepfit.toml" in serving.said, "the word of the new process")
    for _ in range(5):
        assert serving.client().post(TRIP).status == 200
    assert "died" not in serving.said
    assert serving.stop() == 0
