"""A server that stops answers what is under way, and no client waits for nothing."""

import asyncio
import threading
import time

import pytest
from raw import request

from keepfit.serve.http.limits import Limits


def draining(it, seconds=10.0):
    return asyncio.run_coroutine_threadsafe(it.server.drain(seconds), it.loop)


def test_requests_under_way_are_answered(serve):
    with serve() as it, it.connect() as client:
        client.send(request("GET", "/late/0.3") * 3)
        it.until(lambda: it.server.requests == 3)
        stopping = draining(it)
        replies = client.read_all()
        assert stopping.result(10) == 0
        assert [reply.status for reply in replies] == [200] * 3
        assert ["connection" in reply.headers for reply in replies] == [False, False, True]
        with pytest.raises(ConnectionError):
            it.connect()


def test_a_request_that_is_arriving_is_answered(serve):
    with serve() as it, it.connect() as client:
        whole = request("POST", "/", b"hello")
        client.send(whole[:-2])
        it.settle()
        stopping = draining(it)
        it.settle()
        reply = client.send(whole[-2:]).read_reply()
        assert reply.json["body"] == "hello"
        assert reply.headers["connection"] == "close"
        assert stopping.result(10) == 0


def test_who_rests_is_closed_at_once(serve):
    # Nothing else would be looked at for 9 s.
    calm = Limits(quiet_seconds=0.05, spare_seconds=9, linger_seconds=9, body_grace=9)
    with serve(calm) as it, it.connect() as client, it.connect() as silent:
        assert client.ask("GET", "/").status == 200
        time.sleep(0.1)
        begun = time.monotonic()
        assert draining(it).result(10) == 0
        assert time.monotonic() - begun < 2
        assert client.is_closed_in(1)
        assert silent.is_closed_in(1)


def test_who_asked_a_moment_ago_may_ask_once_more(serve):
    with serve(Limits(quiet_seconds=5)) as it, it.connect() as client:
        assert client.ask("GET", "/").status == 200
        stopping = draining(it)
        it.settle()
        reply = client.ask("GET", "/again")
        assert reply.headers["connection"] == "close"
        client.socket.close()
        assert stopping.result(10) == 0


def test_what_is_not_answered_in_time_is_cut_and_counted(serve):
    with serve() as it, it.connect() as one, it.connect() as two:
        one.send(request("GET", "/kept") * 2)
        two.send(request("POST", "/", b"hello")[:-1])
        it.until(lambda: it.server.requests == 2)
        it.settle()
        assert draining(it, 0.2).result(10) == 3
        assert one.is_closed_in(10)
        assert two.is_closed_in(10)
        assert it.server.connections == it.server.requests == 0


def test_no_answer_is_lost_under_load(serve):
    """Clients that ask all the time each see an end that was announced."""
    with serve() as it:
        ends, asked = [], threading.Event()

        def ask_on():
            with it.connect() as client:
                reply = client.ask("GET", "/late/0.001")
                while "connection" not in reply.headers:
                    asked.set()
                    reply = client.ask("GET", "/late/0.001")
                ends.append(reply.status)

        people = [threading.Thread(target=ask_on) for _ in range(20)]
        for each in people:
            each.start()
        assert asked.wait(10)
        it.until(lambda: len(it.observed) > 100)
        assert draining(it).result(20) == 0
        for each in people:
            each.join(10)
        assert ends == [200] * 20
