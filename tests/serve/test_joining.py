"""Requests that wait are predicted together, and none hurts another."""

import asyncio
import threading

import pytest

from keepfit.errors import UserError
from keepfit.serve.answer import Predicted
from keepfit.serve.door.rows import Rows
from keepfit.serve.joining import MOST_TOGETHER, Job, Joiner


class Doubling:
    """A version that doubles numbers and remembers how many came together."""

    def __init__(self, *, compiled=False):
        self.compiled, self.together, self.gate = compiled, [], threading.Event()
        self.gate.set()

    def quick(self, rows):
        return self.compiled

    def predict(self, values):
        self.together.append(len(values))
        if any(row[0] is None for row in values):
            raise UserError("there is no number")
        return Predicted([2.0 * row[0] for row in values])

    def predict_exactly(self, rows):
        self.gate.wait(30)
        return self.predict(rows.values)


def answers(served, requests, *, deadline=60.0):
    """What each request is told, asked in one tick."""

    async def ask():
        loop = asyncio.get_running_loop()
        joiner, told = Joiner(deadline, loop), [loop.create_future() for _ in requests]
        for numbers, future in zip(requests, told, strict=True):
            joiner.add(Job(served, Rows([(n,) for n in numbers]), future.set_result))
        said = await asyncio.gather(*told)
        joiner.close()
        return [one if isinstance(one, BaseException) else list(one.values) for one in said]

    return asyncio.run(ask())


@pytest.mark.parametrize("compiled", [True, False])
def test_what_comes_in_one_tick_is_one_prediction_and_each_hears_its_own(compiled):
    served = Doubling(compiled=compiled)
    assert answers(served, [[1], [2, 3], [], [4]]) == [[2.0], [4.0, 6.0], [], [8.0]]
    assert served.together == [4]


def test_one_request_that_cannot_be_predicted_does_no_harm_to_those_beside_it():
    served = Doubling()
    first, second, third = answers(served, [[1], [None], [3]])
    assert (first, third) == ([2.0], [6.0])
    assert isinstance(second, UserError)


def test_no_prediction_is_of_very_many_rows_that_others_must_wait_for():
    served = Doubling()
    half = MOST_TOGETHER // 2 + 1
    answers(served, [[1] * half, [1] * half, [1]])
    assert served.together == [half, half + 1]


def test_what_comes_while_a_prediction_is_made_waits_and_is_then_one_prediction():
    served = Doubling()

    async def ask():
        loop = asyncio.get_running_loop()
        joiner, told = Joiner(60.0, loop), []
        served.gate.clear()
        for number in range(5):
            future = loop.create_future()
            told.append(future)
            joiner.add(Job(served, Rows([(number,)]), future.set_result))
            await asyncio.sleep(0.01)  # a tick of its own
        served.gate.set()
        await asyncio.gather(*told)
        joiner.close()

    asyncio.run(ask())
    assert served.together == [1, 4]


def test_versions_are_not_mixed_in_one_prediction():
    async def ask():
        loop = asyncio.get_running_loop()
        joiner, old, new = Joiner(60.0, loop), Doubling(), Doubling()
        told = [loop.create_future() for _ in range(4)]
        for served, future in zip((old, new, new, old), told, strict=True):
            joiner.add(Job(served, Rows([(1,)]), future.set_result))
        await asyncio.gather(*told)
        joiner.close()
        return old.together, new.together

    assert asyncio.run(ask()) == ([1, 1], [2])


def test_a_queue_that_cannot_be_answered_in_time_is_known_to_be_so():
    async def ask():
        loop = asyncio.get_running_loop()
        clock = iter(range(0, 1000, 10))  # every prediction takes ten seconds
        joiner, told = Joiner(15.0, loop, lambda: next(clock)), []
        assert not joiner.pressed  # nothing is known yet
        for _ in range(2):
            future = loop.create_future()
            told.append(future)
            joiner.add(Job(Doubling(), Rows([(1,)]), future.set_result))
            await future
        before = joiner.pressed
        served = Doubling()
        served.gate.clear()
        future = loop.create_future()
        joiner.add(Job(served, Rows([(1,)]), future.set_result))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        during = joiner.pressed
        served.gate.set()
        await future
        joiner.close()
        return before, during

    assert asyncio.run(ask()) == (False, True)


def test_what_is_no_exception_ends_no_thread():
    class Leaving(Doubling):
        def predict_exactly(self, rows):
            if rows.values[0][0] is None:
                raise SystemExit("a transform that leaves")
            return super().predict_exactly(rows)

    first, second = answers(Leaving(), [[None], [2]])
    assert isinstance(first, SystemExit)
    assert second == [4.0]


def test_small_requests_wait_for_one_large_one_and_not_for_all():
    async def ask():
        loop = asyncio.get_running_loop()
        joiner, order, all_done = Joiner(60.0, loop), [], loop.create_future()

        def done(name):
            order.append(name)
            if len(order) == 6:
                all_done.set_result(None)

        for number in range(5):
            joiner.alone(lambda: None, lambda _, n=number: done(n))
        joiner.add(Job(Doubling(), Rows([(1,)]), lambda _: done("small")))
        await all_done
        joiner.close()
        return order

    assert "small" in asyncio.run(ask())[:2]


def test_a_slow_prediction_does_not_turn_away_all_that_come_after_it():
    async def ask():
        loop = asyncio.get_running_loop()
        clock = iter(range(0, 1000, 20))  # longer than a request may take
        joiner = Joiner(15.0, loop, lambda: next(clock))
        future = loop.create_future()
        joiner.add(Job(Doubling(), Rows([(1,)]), future.set_result))
        await future
        joiner.close()
        return joiner.pressed

    assert asyncio.run(ask()) is False
