"""Caps on connections, and that whoever asks for the server's health gets through."""

import time
from contextlib import ExitStack

import pytest
from raw import request

from keepfit.serve.http.limits import Limits, most_files

CAP = 6


def limits(**short):
    return Limits(**{"max_connections": CAP, "max_spare": 4, "spare_seconds": 0.3} | short)


def busy(it, people, number):
    """Connections that all have a request under way."""
    clients = [people.enter_context(it.connect()) for _ in range(number)]
    for client in clients:
        client.send(request("GET", "/kept"))
    it.until(lambda: len(it.handler.replies) == number)
    return clients


@pytest.mark.parametrize("cap", [{}, {"max_connections": 100, "max_per_address": CAP}])
@pytest.mark.parametrize("path", ["/ping", "/healthz", "/readyz"])
def test_health_is_answered_when_every_place_is_taken(serve, cap, path):
    with serve(limits(**cap)) as it, ExitStack() as people:
        busy(it, people, CAP)
        for _ in range(10):
            reply = it.ask("GET", path)
            assert reply.status == 200
            assert reply.headers["connection"] == "close"
        assert it.ask("HEAD", path).status == 200


@pytest.mark.parametrize("cap", [{}, {"max_connections": 100, "max_per_address": CAP}])
def test_others_are_told_to_come_again_when_every_place_is_taken(serve, cap):
    with serve(limits(**cap)) as it, ExitStack() as people:
        busy(it, people, CAP)
        with it.connect() as client:
            # Before its body: nobody in a spare place may bring one.
            (reply,) = client.send(request("POST", "/a", b"x" * 100)[:-50]).read_all()
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")


def test_who_asks_nothing_in_a_spare_place_is_told_to_come_again(serve):
    with serve(limits()) as it, ExitStack() as people:
        busy(it, people, CAP)
        for said in (b"", b"GET /pi", request("GET", "/ping", b"x" * 9)[:-1]):
            with it.connect() as client:
                (reply,) = client.send(said).read_all()
                assert reply.status == 503


def test_silent_connections_do_not_hide_the_health(serve):
    with serve(limits(spare_seconds=30)) as it, ExitStack() as people:
        silent = [people.enter_context(it.connect()) for _ in range(40)]
        it.until(lambda: it.server.connections <= CAP + 4)
        assert it.ask("GET", "/ping").status == 200
        assert silent[CAP].read_all()[0].status == 503


def test_who_rests_longest_makes_room(serve):
    with serve(limits()) as it, ExitStack() as people:
        resting = [people.enter_context(it.connect()) for _ in range(CAP)]
        for number in (3, 0, 1, 2, 4, 5, 3):
            assert resting[number].ask("GET", "/").status == 200
        assert it.ask("POST", "/", b"x").status == 200
        assert resting[0].is_closed_in(10)
        for number in (1, 2, 3, 4, 5):
            assert resting[number].ask("GET", "/").status == 200


def test_who_rests_longest_of_an_address_makes_room(serve):
    with serve(limits(max_connections=100, max_per_address=2)) as it, ExitStack() as people:
        one, two = (people.enter_context(it.connect()) for _ in range(2))
        assert {two.ask("GET", "/").status, one.ask("GET", "/").status} == {200}
        assert it.ask("GET", "/").status == 200
        assert two.is_closed_in(10)
        assert one.ask("GET", "/").status == 200


def test_a_place_that_became_free_is_given_to_who_waits_for_one(serve):
    with serve(limits(spare_seconds=5)) as it, ExitStack() as people:
        first, *_ = busy(it, people, CAP)
        waiting = people.enter_context(it.connect())
        it.until(lambda: it.server.connections == CAP + 1)
        it.reply(0, b"")
        assert first.read_reply().status == 200
        first.socket.close()
        it.until(lambda: it.server.connections == CAP)
        reply = waiting.ask("POST", "/", b"x")
        assert reply.status == 200
        assert "connection" not in reply.headers


def test_places_are_given_back(serve):
    with serve(limits(linger_seconds=0.2)) as it:
        for _ in range(10):
            with ExitStack() as people:
                for _ in range(CAP + 3):
                    people.enter_context(it.connect()).send(b"GET /ping")
        it.until(lambda: not it.server.connections)
        places = it.server._shared.places
        kept = places._seated, places._spare, places._of_peer, places.resting
        assert not any(kept)
        assert it.ask("POST", "/", b"x").status == 200


def test_a_process_that_may_open_few_files_takes_few_connections():
    assert Limits().within(1024).max_connections == 1024 - 64 - 128
    assert Limits().within(100).max_connections == 1
    assert Limits(max_connections=5).within(10**9).max_connections == 5
    assert most_files() > 0


def test_a_flood_of_connections_leaves_the_health_in_time(serve):
    with serve(limits(spare_seconds=5)) as it, ExitStack() as people:
        busy(it, people, CAP)
        worst = 0.0
        for _ in range(30):
            for _ in range(10):
                people.enter_context(it.connect())
            begun = time.monotonic()
            assert it.ask("GET", "/ping").status == 200
            worst = max(worst, time.monotonic() - begun)
        assert worst < 2
        assert it.server.connections <= CAP + 4 + 1
