"""Answers come in the order of the requests; who sends or reads badly is held back."""

import pytest
from raw import request

from keepfit.serve.http.limits import Limits


def test_answers_out_of_order_wait_for_those_before_them(served):
    with served.connect() as client:
        client.send(request("GET", "/kept") * 4 + request("GET", "/last"))
        served.until(lambda: len(served.handler.replies) == 4)
        for number in (2, 3, 1):
            served.reply(number, b"%d" % number)
        served.settle()
        assert not served.observed
        assert served.server.requests == 5
        served.reply(0, b"0")
        bodies = [client.read_reply().body for _ in range(5)]
    served.settle()
    assert bodies[:4] == [b"0", b"1", b"2", b"3"]
    assert b"/last" in bodies[4]
    assert served.server.requests == 0


def test_late_and_prompt_answers_keep_their_order(served):
    paths = [f"/late/{(i * 7 % 5) / 100}" if i % 3 else f"/a/{i}" for i in range(60)]
    with served.connect() as client:
        client.send(b"".join(request("GET", path, b"", f"N: {i}") for i, path in enumerate(paths)))
        seen = [client.read_reply().json["headers"]["n"] for _ in paths]
    assert seen == [str(i) for i in range(60)]


def test_a_client_hears_to_go_on_when_all_before_is_answered(served):
    with served.connect() as client:
        client.send(
            request("GET", "/kept") + request("POST", "/", b"abc", "Expect: 100-continue")[:-3]
        )
        served.until(lambda: served.handler.replies)
        served.reply(0, b"first")
        assert client.read_reply().body == b"first"
        assert client.read_reply().status == 100
        assert client.send(b"abc").read_reply().json["body"] == "abc"


def test_no_more_is_read_while_many_requests_wait(serve):
    with serve(Limits(max_pipelined=4)) as it, it.connect() as client:
        client.send(request("GET", "/kept", b"", "Pad: " + "x" * 1000) * 500).say_no_more()
        it.until(lambda: it.handler.replies)
        for _ in range(20):
            it.settle()
        # Those of the piece that was parsed last may come on top.
        assert len(it.handler.replies) <= 4 + 4
        for number in range(500):
            it.until(lambda asked=number: len(it.handler.replies) > asked)
            it.reply(number, b"%d" % number)
            assert client.read_reply().body == b"%d" % number
        assert client.read_all() == []


def test_nothing_more_is_asked_for_a_client_that_does_not_read(served):
    with served.connect() as client:
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.send(request("GET", "/big/100000") * 200_000)
        asked = len(served.observed)
        served.settle()
        # What the kernel takes for it, of both ends, and not more.
        assert len(served.observed) == asked < 1000


def test_a_slow_reader_gets_all_of_it(served):
    size = 20_000_000
    with served.connect() as client:
        client.send(request("GET", f"/big/{size}") + request("GET", "/after"))
        assert client.read_reply().body == b"x" * size
        assert client.read_reply().json["path"] == "/after"


def test_a_client_that_closes_its_half_gets_its_answer(served):
    with served.connect() as client:
        (reply,) = client.send(request("GET", "/late/0.05")).say_no_more().read_all()
    assert reply.json["path"] == "/late/0.05"
    assert reply.headers["connection"] == "close"


@pytest.mark.parametrize("cut", [10, -2])
def test_a_client_that_ends_within_a_request_hears_so(served, cut):
    with served.connect() as client:
        (reply,) = client.send(request("POST", "/", b"hello")[:cut]).say_no_more().read_all()
    assert reply.status == 400
    assert "ended within the" in reply.json["error"]


def test_an_answer_to_nobody_is_no_trouble(served):
    with served.connect() as client:
        client.send(request("GET", "/kept") * 2)
        served.until(lambda: len(served.handler.replies) == 2)
        client.reset()
    served.until(lambda: not served.server.connections)
    assert served.server.requests == 0
    for number in (1, 0, 0):
        served.reply(number, b"too late")
    served.settle()
    assert served.server.requests == 0
    assert not served.observed


def test_who_has_gone_without_a_word_is_let_go_when_it_is_answered(served):
    with served.connect() as client:
        client.send(request("GET", "/kept"))
        served.until(lambda: served.handler.replies)
    served.reply(0, b"too late")
    served.until(lambda: not served.server.connections)


def test_only_the_first_answer_counts(served):
    with served.connect() as client:
        client.send(request("GET", "/kept") * 2)
        served.until(lambda: len(served.handler.replies) == 2)
        for number, body in [(1, b"one"), (1, b"two"), (0, b"null"), (0, b"nothing")]:
            served.reply(number, body)
        assert [client.read_reply().body for _ in range(2)] == [b"null", b"one"]
        assert client.ask("GET", "/").status == 200
