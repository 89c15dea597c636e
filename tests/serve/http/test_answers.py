"""What an answer carries, what the observer hears, and what bugs of the application cost."""

import re
import socket

import pytest
from raw import request, running

from keepfit.serve.http.limits import Limits

INFERENCE_ID = "x-amzn-sagemaker-inference-id"


@pytest.mark.parametrize("given", ["a", "job-17/row:3", "~" * 128, "!"])
def test_a_request_keeps_the_id_that_its_client_gave(served, given):
    reply = served.ask("GET", "/", b"", f"X-Request-Id: {given}", f"{INFERENCE_ID}: other")
    assert reply.headers["x-request-id"] == given


def test_an_inference_id_is_the_second_choice(served):
    reply = served.ask("GET", "/", b"", "X-Request-Id: " + "a" * 129, f"{INFERENCE_ID}: other")
    assert reply.headers["x-request-id"] == "other"


@pytest.mark.parametrize("given", ["", "a b", "ä", "a" * 129, "a\tb"])
def test_an_id_that_is_none_is_replaced(served, given):
    replies = [served.ask("GET", "/", b"", f"X-Request-Id: {given}") for _ in range(2)]
    ids = [reply.headers["x-request-id"] for reply in replies]
    assert all(re.fullmatch("[0-9a-f]{12}-[0-9a-f]+", each) for each in ids)
    assert ids[0] != ids[1]


def test_two_ids_are_none(served):
    reply = served.ask("GET", "/", b"", "X-Request-Id: a", "X-Request-Id: b")
    assert reply.headers["x-request-id"] not in ("a", "b", "a, b")


def test_a_refusal_has_the_id_too(served):
    with served.connect() as client:
        (reply,) = client.send(
            request("GET", "/", b"", "X-Request-Id: mine", "A: b", "C : d")
        ).read_all()
    assert reply.status == 400
    assert reply.headers["x-request-id"] == "mine"


def test_a_bug_of_the_handler_is_500_and_says_no_more(served):
    with served.connect() as client:
        reply = client.ask("GET", "/raise")
        assert reply.status == 500
        assert b"secret" not in reply.body
        assert reply.json["request_id"] == reply.headers["x-request-id"]
        assert client.ask("GET", "/").status == 200
    (bug,) = served.bugs
    assert isinstance(bug["exception"], ZeroDivisionError)
    assert reply.json["request_id"] in bug["message"]
    served.bugs.clear()


def test_no_line_can_be_planted_into_an_answer(served):
    with served.connect() as client:
        reply = client.ask("GET", "/split")
        assert reply.status == 500
        assert "set-cookie" not in reply.headers
        assert client.ask("GET", "/").status == 200
    assert len(served.bugs) == 1
    served.bugs.clear()


@pytest.mark.parametrize("status", [99, 100, 101, 199, 600, 0])
def test_a_status_that_is_none_is_a_bug(served, status):
    assert served.ask("GET", f"/empty/{status}").status == 500
    served.bugs.clear()


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_has_no_length(served, status):
    reply = served.ask("GET", f"/empty/{status}")
    assert reply.status == status
    assert "content-length" not in reply.headers


def test_an_observer_hears_of_every_answer(served):
    with served.connect() as client:
        client.ask("GET", "/a")
        client.ask("GET", "/late/0.05")
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n").read_reply()
    with served.connect() as client:
        client.send(b"nonsense\r\n\r\n").read_reply()
    served.settle()
    paths = [asked and asked.path for asked, _, _ in served.observed]
    assert paths == ["/a", "/late/0.05", "/", None]
    assert [answer.status for _, answer, _ in served.observed] == [200, 200, 413, 400]
    assert all(0 <= seconds < 20 for _, _, seconds in served.observed)
    assert served.observed[1][2] > 0.04  # uvloop's clock counts milliseconds


def test_a_bug_of_the_observer_costs_no_answer():
    def fails(*_):
        raise ZeroDivisionError

    with running(observe=fails) as it:
        assert it.ask("GET", "/").status == 200
        it.settle()
        assert "not observed" in it.bugs[0]["message"]


def test_answers_are_sent_at_once(served):
    connections = served.server._open
    with served.connect() as client:
        client.ask("GET", "/")
        (connection,) = connections
        sock = connection._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_it_listens_on_ipv6(serve):
    with serve(host="::1") as it, it.connect("::1") as client:
        assert client.ask("GET", "/").status == 200
        it.settle()
        assert it.observed[0][0].peer == "::1"


def test_an_address_within_ipv6_is_the_same_address(serve):
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        with serve(sock=sock) as it:
            assert it.ask("GET", "/").status == 200
            it.settle()
            assert it.observed[0][0].peer == "127.0.0.1"


def test_two_servers_share_a_socket(serve):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        with serve(sock=sock.dup()) as one, serve(sock=sock.dup()) as two:
            assert one.port == two.port
            one.run(one.server.drain(0))
            assert {two.ask("GET", "/").status for _ in range(20)} == {200}
            two.settle()
            assert len(two.observed) == 20


def test_bodies_that_wait_are_bounded_together(serve):
    with serve(Limits(max_body=1000, max_held=1500)) as it:
        with it.connect() as one, it.connect() as two:
            one.send(request("POST", "/", b"x" * 900)[:-10])
            it.settle()
            two.send(request("POST", "/kept", b"x" * 900)[:-10])
            (reply,) = two.read_all()
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert one.send(b"x" * 10).read_reply().status == 200
        it.until(lambda: not it.server.connections)
        assert it.server._shared.held == 0
