"""No client decides how long it takes: deadlines, small ones here."""

import time

import pytest
from raw import request

from keepfit.serve.http.limits import Limits

LONG = {"idle_seconds": 30, "total_seconds": 30, "header_seconds": 30, "linger_seconds": 0.2}


def limits(**short):
    return Limits(**{**LONG, **short})


def test_a_header_must_come_in_time(serve):
    with serve(limits(header_seconds=0.2)) as it, it.connect() as client:
        (reply,) = client.send(request()[:20]).read_all()
    assert reply.status == 408
    assert "header of the request did not arrive within 0.2 s" in reply.json["error"]


def test_a_header_that_drips_is_not_in_time(serve):
    with serve(limits(header_seconds=0.2)) as it, it.connect() as client:
        begun = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n")
        while not it.observed:
            client.send(b"A: b\r\n")
            it.settle()
            assert time.monotonic() < begun + 10
        assert it.observed[0][1].status == 408


def test_a_header_has_its_time_from_its_own_first_byte(serve):
    with serve(limits(header_seconds=0.3)) as it, it.connect() as client:
        for _ in range(3):
            assert client.ask("GET", "/").status == 200
            time.sleep(0.2)
        assert client.send(b"GET").read_all()[0].status == 408


def test_who_connects_and_asks_nothing_is_closed_without_a_word(serve):
    with serve(limits(header_seconds=0.2)) as it, it.connect() as client:
        assert client.is_closed_in(10)
        assert not it.observed


def test_who_rests_too_long_is_closed_without_a_word(serve):
    with serve(limits(idle_seconds=0.2)) as it, it.connect() as client:
        assert client.ask("GET", "/").status == 200
        assert client.is_closed_in(10)


def test_empty_lines_are_no_request(serve):
    with serve(limits(idle_seconds=0.3)) as it, it.connect() as client:
        assert client.ask("GET", "/").status == 200
        client.send_until_closed(b"\r\n", pause=0.02)


def test_a_body_must_come_at_its_rate(serve):
    with serve(limits(body_grace=0.2, body_rate=1000)) as it, it.connect() as client:
        begun = time.monotonic()
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"x" * 200)
        (reply,) = client.read_all()
        assert reply.status == 408
        assert "200 bytes so far; expected at least 1000 bytes/s after 0.2 s" in reply.json["error"]
        assert time.monotonic() - begun >= 0.4
        assert it.observed[0][0].path == "/"


def test_a_body_that_keeps_the_rate_has_its_time(serve):
    with serve(limits(body_grace=0.3, body_rate=100)) as it, it.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(10):
            client.send(b"x" * 100)
            time.sleep(0.06)
        assert client.read_reply().status == 200


@pytest.mark.parametrize("body", [b"x", b""])
def test_a_request_must_be_there_within_the_total(serve, body):
    with serve(limits(total_seconds=0.3)) as it, it.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + body)
        (reply,) = client.read_all()
    assert reply.status == 408
    assert "the request did not arrive within 0.3 s" in reply.json["error"]


def test_an_answer_must_be_there_within_the_total(serve):
    with serve(limits(total_seconds=0.3)) as it, it.connect() as client:
        (reply,) = client.send(request("GET", "/kept") * 3).read_all()
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert "no answer within 0.3 s" in reply.json["error"]
        assert it.server.requests == 0
        for late in it.handler.replies:
            it.loop.call_soon_threadsafe(late, it.observed[0][1])
        it.settle()
        assert len(it.observed) == 1


def test_who_does_not_take_an_answer_is_closed(serve):
    with serve(limits(total_seconds=0.3)) as it, it.connect() as client:
        client.send(request("GET", "/big/20000000"))
        it.until(lambda: it.observed)
        it.until(lambda: not it.server.connections)
        with pytest.raises((ConnectionError, AssertionError)):
            client.read_reply()


def test_who_does_not_take_an_answer_is_closed_when_it_was_the_last(serve):
    with serve(limits(total_seconds=0.3)) as it, it.connect() as client:
        client.send(request("GET", "/big/20000000", b"", "Connection: close"))
        it.until(lambda: it.observed)
        it.until(lambda: not it.server.connections)


def test_who_takes_an_answer_slowly_but_in_time_is_not_late(serve):
    with serve(limits(linger_seconds=0.1)) as it, it.connect() as client:
        client.send(request("GET", "/big/20000000", b"", "Connection: close"))
        it.until(lambda: it.observed)
        time.sleep(0.5)
        assert len(client.read_reply().body) == 20_000_000


def test_who_was_told_to_go_and_stays_is_closed(serve):
    with serve(limits(linger_seconds=0.2)) as it, it.connect() as client:
        assert client.ask("GET", "/", b"", "Connection: close").status == 200
        it.until(lambda: not it.server.connections)


def test_who_sends_on_after_a_refusal_is_closed(serve):
    with serve(limits(linger_seconds=0.2)) as it, it.connect() as client:
        client.send(
            b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        client.send_until_closed(b"10000\r\n" + b"\0" * 65536 + b"\r\n")
        assert it.observed[0][1].status == 415


def test_waiting_for_other_answers_is_not_the_client_being_slow(serve):
    short = limits(header_seconds=1.0, max_pipelined=1)
    with serve(short) as it, it.connect() as client:
        # While three wait nothing is read, and the header behind them is cut there.
        fourth = request("GET", "/after", b"", "Pad: " + "x" * 8000)
        client.send(request("GET", "/kept") * 3 + fourth[:7000])
        it.until(lambda: len(it.handler.replies) == 3)
        time.sleep(1.2)
        for number in range(3):
            it.reply(number, b"")
            assert client.read_reply().status == 200
        time.sleep(0.4)
        assert client.send(fourth[7000:]).read_reply().json["path"] == "/after"


def test_who_offers_another_protocol_has_the_same_deadlines(serve):
    offer = b"Connection: upgrade\r\nUpgrade: h2c\r\n"
    with serve(limits(body_grace=0.2, body_rate=1000)) as it, it.connect() as client:
        (reply,) = client.send(
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\n" + offer + b"\r\nx"
        ).read_all()
    assert reply.status == 408
    assert "the body came too slowly" in reply.json["error"]
