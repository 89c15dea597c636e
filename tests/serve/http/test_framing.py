"""What is a request, what is none, and that it does not matter in how many pieces it comes."""

import pytest
from raw import request, take_replies

CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
BAD = {
    "no request": (b"hello\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/2 in the first line": (b"GET / HTTP/2.0\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n\r\n", 400),
    "an unknown method": (b"FROB / HTTP/1.1\r\n\r\n", 400),
    "a method in lower case": (b"get / HTTP/1.1\r\n\r\n", 400),
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\n\r\n", 405),
    "no path": (b"GET a HTTP/1.1\r\n\r\n", 400),
    "another scheme": (b"GET ftp://a/b HTTP/1.1\r\n\r\n", 400),
    "a fragment": (b"GET /a#b HTTP/1.1\r\n\r\n", 400),
    "a path beyond ASCII": ("GET /ä HTTP/1.1\r\n\r\n".encode(), 400),
    "a path that is not UTF-8": (b"GET /%ff HTTP/1.1\r\n\r\n", 400),
    "a space in the path": (b"GET /a b HTTP/1.1\r\n\r\n", 400),
    "a bare line feed": (b"GET / HTTP/1.1\nA: b\n\n", 400),
    "a bare carriage return": (b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nA\r\n\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
    "a control character in a header": (b"GET / HTTP/1.1\r\nA: b\x01c\r\n\r\n", 400),
    "a length and chunks": (CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "chunks and a length": (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "a list of lengths": (b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na", 400),
    "a negative length": (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\na", 400),
    "a length with a sign": (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", 400),
    "no number as length": (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\na", 400),
    "a length beyond 64 bits": (
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        400,
    ),
    "another transfer encoding": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "no transfer encoding at all": (b"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", 400),
    "chunks of HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a bad chunk size": (CHUNKED + b"\r\nzz\r\n", 400),
    "a chunk size with a sign": (CHUNKED + b"\r\n-1\r\n", 400),
    "a chunk size beyond 64 bits": (CHUNKED + b"\r\nfffffffffffffffff\r\n", 400),
    "a chunk longer than it says": (CHUNKED + b"\r\n1\r\nab\r\n0\r\n\r\n", 400),
    "a chunk that ends in a line feed": (CHUNKED + b"\r\n1\na\n0\n\n", 400),
    "a compressed body": (
        b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        415,
    ),
    "a body compressed twice": (
        b"POST / HTTP/1.1\r\nContent-Encoding: identity\r\nContent-Encoding: br\r\n\r\n",
        415,
    ),
    "another expectation": (b"POST / HTTP/1.1\r\nExpect: tea\r\nContent-Length: 3\r\n\r\n", 417),
    "too long a URL": (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n\r\n", 414),
    "a URL without an end": (b"GET /" + b"a" * 60000, 414),
    "too long a header": (b"GET / HTTP/1.1\r\nA: " + b"b" * 32766 + b"\r\n\r\n", 431),
    "a header without an end": (b"GET / HTTP/1.1\r\nA: " + b"b" * 60000, 431),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
    "a body that is too long": (b"POST / HTTP/1.1\r\nContent-Length: 26215425\r\n\r\n", 413),
}
GOOD = {
    "one request": (request("POST", "/a?b=%20c", b"hello"), [200]),
    "a request after empty lines": (b"\r\n\r\n" + request("GET", "/a"), [200]),
    "chunks": (CHUNKED + b"\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n", [200]),
    "a kept connection": (request("GET") + request("POST", "/", b"ab") + request("GET"), [200] * 3),
    "one after chunks": (CHUNKED + b"\r\n1\r\na\r\n0\r\n\r\n" + request("GET"), [200, 200]),
    "an answer without a body": (request("GET", "/empty/204") + request("GET"), [204, 200]),
    "bad after good": (request("GET") + b"nonsense\r\n\r\n", [200, 400]),
    "bytes after the last one": (request("GET", "/", b"", "Connection: close") + b"GET / H", [200]),
    "an expectation": (request("POST", "/", b"abc", "Expect: 100-continue"), [100, 200]),
    "an expectation, not the first": (
        request("GET") + request("POST", "/", b"abc", "Expect: 100-continue") + request("GET"),
        [200, 100, 200, 200],
    ),
    "an offer of HTTP/2": (
        request("POST", "/a", b"hello", "Connection: upgrade", "Upgrade: h2c") + request("GET"),
        [200, 200],
    ),
    "an offer of HTTP/2 in chunks": (
        CHUNKED + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        b"GET /b HTTP/1.1\r\n\r\n",
        [200, 200],
    ),
    # What noise found: the parser's error told of the offer, not of our refusal.
    "a refusal after an offer of HTTP/2": (
        request("GET", "/a", b"", "Connection: upgrade", "Upgrade: h2c")
        + b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        [200, 413],
    ),
    "an offer of a web socket": (
        request("GET", "/a", b"", "Connection: upgrade", "Upgrade: websocket"),
        [200],
    ),
    "HTTP/1.0": (request("GET", version="1.0") + request("GET"), [200]),
    "HTTP/1.0, kept": (
        request("GET", "/", b"", "Connection: keep-alive", version="1.0") + request("GET"),
        [200, 200],
    ),
    "a target for a proxy": (request("GET", "http://a.b:80/c?d"), [200]),
    "all of the server": (request("OPTIONS", "*"), [200]),
    "a length with spaces": (b"POST / HTTP/1.1\r\nContent-Length: \t 3 \r\n\r\nabc", [200]),
    "the longest URL": (request("GET", "/" + "a" * 8191), [200]),
    "the longest header": (b"GET / HTTP/1.1\r\nA: " + b"b" * 32764 + b"\r\n\r\n", [200]),
    "the most headers": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100 + b"\r\n", [200]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_request_is_told_what_is_wrong_and_the_connection_ends(served, what):
    data, status = BAD[what]
    with served.connect() as client:
        (reply,) = client.send(data).read_all()
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["connection"] == "close"
    assert reply.json.keys() == {"error", "request_id"}
    assert reply.json["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("what", GOOD)
def test_what_is_a_request_is_answered(served, what):
    data, statuses = GOOD[what]
    with served.connect() as client:
        replies = client.send(data).say_no_more().read_all()
    assert [reply.status for reply in replies] == statuses


def answers(client, pieces, served):
    """What comes back for these pieces, each read by itself; less the ids that we choose."""
    for piece in pieces:
        client.send(piece)
        served.settle()
    seen = []
    for reply in client.say_no_more().read_all():
        made = reply.headers.pop("x-request-id", "").encode()
        length = reply.headers.pop("content-length", "")
        assert not length or reply.body or length == "0"
        seen.append((reply.status, reply.headers, reply.body.replace(made, b"ID") if made else b""))
    return seen


SHORT = {what: data for what, (data, _) in {**GOOD, **BAD}.items() if len(data) < 250}


@pytest.mark.parametrize("what", SHORT)
def test_it_does_not_matter_where_a_request_is_split(served, what):
    data = SHORT[what]
    with served.connect() as client:
        whole = answers(client, [data], served)
    for at in range(1, len(data)):
        with served.connect() as client:
            # Of what comes after a refusal nothing is read: the server may have closed by then.
            assert answers(client, [data[:at], data[at:]], served) == whole, at


def test_it_may_come_byte_by_byte(served):
    data = CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n" + request("POST", "/b", b"de")
    with served.connect() as client:
        replies = answers(client, [data[at : at + 1] for at in range(len(data))], served)
    assert [status for status, _, _ in replies] == [200, 200]


def test_a_request_comes_whole(served):
    body = bytes(range(256)) * 3000
    reply = served.ask("POST", "/a/%C3%A4%2fb?c=%20d", body, "X-A: 1", "x-a:  2 ")
    assert reply.json["path"] == "/a/ä/b"
    assert reply.json["query"] == "c=%20d"
    assert reply.json["headers"]["x-a"] == "1, 2"
    assert reply.json["body"].encode("latin-1") == body


def test_trailers_are_no_headers(served):
    with served.connect() as client:
        reply = client.send(CHUNKED + b"\r\n1\r\na\r\n0\r\nX-Admin: yes\r\n\r\n").read_reply()
    assert "x-admin" not in reply.json["headers"]


def test_chunks_that_never_end_are_refused_as_soon_as_they_are_too_much(serve):
    from keepfit.serve.http.limits import Limits

    with serve(Limits(max_body=1000)) as it, it.connect() as client:
        client.send(CHUNKED + b"\r\n")
        for _ in range(10):
            client.send(b"64\r\n" + b"x" * 100 + b"\r\n")
        it.settle()
        assert not it.observed
        (reply,) = client.send(b"1\r\nx\r\n").read_all()
        assert reply.status == 413
        assert "at most 1000" in reply.json["error"]


def test_framing_that_never_ends_is_refused(served):
    with served.connect() as client:
        (reply,) = client.send(CHUNKED + b"\r\n1;" + b"x" * 60000).read_all()
    assert reply.status == 400
    with served.connect() as client:
        client.send(CHUNKED + b"\r\n1\r\na\r\n0\r\nTrailer: " + b"x" * 60000)
        (reply,) = client.read_all()
    assert reply.status == 400


def test_head_has_no_body_but_its_length(served):
    with served.connect() as client:
        reply = client.ask("HEAD", "/big/100")
        assert (reply.status, reply.headers["content-length"], reply.body) == (200, "100", b"")
        assert client.ask("GET", "/big/100").body == b"x" * 100


def test_a_client_hears_to_go_on_before_it_sends_the_body(served):
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert client.read_reply().status == 100
        assert client.send(b"abc").read_reply().json["body"] == "abc"


def test_a_client_does_not_hear_to_go_on_where_the_body_would_be_refused(served):
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        assert [reply.status for reply in client.read_all()] == [413]


def test_a_client_that_sends_all_of_a_body_that_is_too_long_can_still_read_why(served):
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n")
        for _ in range(30):
            client.send(b"x" * 1_000_000)
        (reply,) = client.read_all()
    assert reply.status == 413


def test_answers_of_http_1_0_say_that_the_connection_is_kept(served):
    with served.connect() as client:
        reply = client.ask("GET", "/", b"", "Connection: keep-alive", version="1.0")
        assert reply.headers["connection"] == "keep-alive"
        assert client.ask("GET", "/", version="1.0").headers["connection"] == "close"
        assert client.is_closed_in(5)


def test_the_smuggler_gets_one_answer(served):
    hidden = b"GET /admin HTTP/1.1\r\n\r\n"
    data = (
        b"POST / HTTP/1.1\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        % (len(hidden) + 5)
    )
    with served.connect() as client:
        assert [reply.status for reply in client.send(data + hidden).read_all()] == [400]
    assert all(asked is None for asked, _, _ in served.observed)


def test_replies_of_the_test_client_are_read_whole():
    two = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 204 No Content\r\n\r\n"
    assert [(r.status, r.body) for r in take_replies(two)] == [(200, b"ab"), (204, b"")]
