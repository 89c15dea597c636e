"""What is counted is told as Prometheus reads it, summed over processes."""

import time
from array import array
from concurrent.futures import ThreadPoolExecutor

from keepfit.serve.metrics import Metrics


def test_processes_count_on_one_board_and_each_tells_the_sum():
    width = Metrics(["fare"]).width
    board = memoryview(array("d", [0.0] * 2 * width))
    one, other = Metrics(["fare"], board, 0), Metrics(["fare"], board, 1)
    one.answered("fare", 200, 0.0009, 3)
    other.answered("fare", 200, 0.3, 4)
    other.answered("fare", 418, 0.3, 0)
    other.answered("", 404, 0.3, 0)
    one.set("keepfit_connections", 2)
    other.set("keepfit_connections", 5)
    text = one.text({"fare": "1.0.0-abc1234"})
    assert text == other.text({"fare": "1.0.0-abc1234"})
    lines = text.splitlines()
    assert 'keepfit_requests_total{model="fare",status="200"} 2' in lines
    assert 'keepfit_requests_total{model="fare",status="other"} 1' in lines
    assert 'keepfit_requests_total{model="",status="404"} 1' in lines
    assert 'keepfit_rows_total{model="fare"} 7' in lines
    assert "keepfit_connections 7" in lines
    assert 'keepfit_request_seconds_bucket{model="fare",le="0.001"} 1' in lines
    assert 'keepfit_request_seconds_bucket{model="fare",le="0.5"} 3' in lines
    assert 'keepfit_request_seconds_bucket{model="fare",le="+Inf"} 3' in lines
    assert 'keepfit_request_seconds_count{model="fare"} 3' in lines
    assert 'keepfit_model_info{model="fare",version="1.0.0-abc1234"} 1' in lines


def test_a_board_has_the_size_that_it_is_said_to_have():
    assert Metrics.size(["a", "b"], 3) == 3 * 8 * Metrics(["a", "b"]).width


class Hesitant(list):
    """A board on which there is always time for another thread between a look and a write."""

    def __getitem__(self, place):
        if isinstance(place, slice) and place.step is None:
            return self
        found = super().__getitem__(place)
        time.sleep(0.001)
        return found


def test_threads_that_count_the_same_lose_nothing():
    metrics = Metrics(["fare"], Hesitant([0.0] * Metrics(["fare"]).width))
    said = {"model": "fare", "result": "dropped"}
    with ThreadPoolExecutor(4) as threads:
        for _ in range(40):
            threads.submit(metrics.count, "keepfit_logged_rows_total", 2, **said)
    line = 'keepfit_logged_rows_total{model="fare",result="dropped"} 80'
    assert line in metrics.text({}).splitlines()
