"""Points about POST /invocations with what is wrong: the sender is told, and nothing breaks."""

from __future__ import annotations

from keepfit.sagemaker.conform.bench import Bench
from keepfit.sagemaker.conform.point import Found, Points
from keepfit.sagemaker.conform.web import Reply

REFUSALS = Points("refusal")
point = REFUSALS.point

_LIMIT = 25 * (1 << 20)  # bytes of a payload
_TOO_MUCH = _LIMIT + (2 << 20)


@point("Another content type is refused", expects="415")
def refuses_other_types(bench: Bench) -> Found:
    reply = bench.web.post("<a/>", "application/xml")
    return Found(reply.status == 415, str(reply))


@point("The refusal says why", expects="a body")
def says_why(bench: Bench) -> Found:
    reply = bench.web.post("<a/>", "application/xml")
    return Found(bool(reply.body.strip()) and reply.status < 500, str(reply))


@point("Rows without a content type are refused, or taken for CSV", expects="200 or 4xx")
def takes_no_type(bench: Bench) -> Found:
    reply = bench.web.send("POST", "/invocations", bench.sample.payload)
    return Found(reply.status == 200 or _of_the_sender(reply), str(reply))


@point("JSON that is none is the sender's mistake", expects="4xx, never 5xx")
def refuses_malformed_json(bench: Bench) -> Found:
    return _refused(bench.web.post(bench.sample.malformed, "application/json"))


@point("JSON that is cut off is the sender's mistake", expects="4xx")
def refuses_half_of_json(bench: Bench) -> Found:
    return _refused(bench.web.post('{"instances": [[1.0, 2', "application/json"))


@point("JSON that is deep is the sender's mistake", expects="4xx")
def refuses_deep_json(bench: Bench) -> Found:
    return _refused(bench.web.post("[" * 100_000 + "]" * 100_000, "application/json"))


@point("JSON that says nothing of rows is the sender's mistake", expects="4xx")
def refuses_json_of_other_things(bench: Bench) -> Found:
    replies = [bench.web.post(text, "application/json") for text in ("7", "null", '"a"', "[[]]")]
    bad = [reply for reply in replies if not _of_the_sender(reply)]
    return Found(not bad, str(bad[0] if bad else replies[0]))


@point("An empty body is the sender's mistake", expects="4xx, or an empty answer")
def refuses_nothing(bench: Bench) -> Found:
    reply = bench.web.post("")
    empty = reply.status == 200 and not reply.body.strip()
    return Found(empty or _of_the_sender(reply), str(reply))


@point("A row with a column too few is the sender's mistake", expects="4xx")
def refuses_a_column_too_few(bench: Bench) -> Found:
    return _refused(bench.web.post(bench.sample.lines[0].rpartition(",")[0]))


@point("A row with a column too many is the sender's mistake", expects="4xx")
def refuses_a_column_too_many(bench: Bench) -> Found:
    return _refused(bench.web.post(bench.sample.lines[0] + ",1"))


@point("A text where a number is wanted is the sender's mistake", expects="4xx")
def refuses_a_text(bench: Bench) -> Found:
    return _refused(_with_a_text(bench, 0))


@point("The refusal names the row", expects="the number of the row that is wrong")
def names_the_row(bench: Bench) -> Found:
    reply = _with_a_text(bench, 4)
    text = reply.body.decode(errors="replace")
    return Found(_of_the_sender(reply) and "5" in text, text[:120].strip() or str(reply))


@point("A row of names that nobody spoke of is not guessed at", expects="4xx, no answer short")
def refuses_a_row_of_names(bench: Bench) -> Found:
    names = ",".join(f"column_{i}" for i in range(bench.sample.width))
    return _refused(bench.web.post(f"{names}\n{bench.sample.payload}"))


@point("Bytes that are no text are the sender's mistake", expects="4xx")
def refuses_bytes(bench: Bench) -> Found:
    replies = [bench.web.post(b"\xff\xfe\x00\x01,\x80\n" * 9), bench.web.post(b"\x00" * 1000)]
    bad = [reply for reply in replies if not _of_the_sender(reply)]
    return Found(not bad, str(bad[0] if bad else replies[0]))


@point("Numbers that are none, or too large, break nothing", expects="200 or 4xx")
def survives_odd_numbers(bench: Bench) -> Found:
    rest = "," + ",".join("1" for _ in range(bench.sample.width - 1))
    odd = ("nan", "inf", "-inf", "1e999", "9" * 5000, "-0", "0x10", "1_0", "")
    replies = {text[:8]: bench.web.post(text + rest) for text in odd}
    bad = {text: r for text, r in replies.items() if r.status != 200 and not _of_the_sender(r)}
    return Found(not bad, "; ".join(f"{text}: {reply}" for text, reply in bad.items()) or "none")


@point("A payload beyond the limit is refused", expects="413")
def refuses_too_much(bench: Bench) -> Found:
    block = bench.sample.payload
    reply = bench.web.post(block * (_TOO_MUCH // len(block)))
    return Found(reply.status == 413, str(reply))


@point("A length that is announced beyond the limit is refused at once", expects="413")
def refuses_too_much_before_it_comes(bench: Bench) -> Found:
    head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
    reply = bench.web.raw(f"{head}Content-Length: {10 << 30}\r\n\r\n1,2,3".encode(), timeout=30)
    return Found(reply.status == 413, str(reply))


@point("Packed bodies are refused, not unpacked without end", expects="415")
def refuses_packed_bodies(bench: Bench) -> Found:
    import gzip

    packed = gzip.compress(b"1,2,3,4\n" * 100_000)
    reply = bench.web.post(packed, "text/csv", Content_Encoding="gzip")
    return Found(reply.status == 415, str(reply))


@point("GET /invocations is none of the routes", expects="404 or 405")
def refuses_get(bench: Bench) -> Found:
    reply = bench.web.get("/invocations")
    return Found(reply.status in (404, 405), str(reply))


@point("Other paths are none of the routes", expects="404")
def knows_its_paths(bench: Bench) -> Found:
    reply = bench.web.get("/no-such-path")
    return Found(reply.status == 404, str(reply))


@point("A header without end is refused", expects="4xx, or a closed connection")
def refuses_endless_headers(bench: Bench) -> Found:
    head = b"GET /ping HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * (1 << 20) + b"\r\n\r\n"
    reply = bench.web.raw(head)
    return Found(not reply.status or _of_the_sender(reply), str(reply))


@point("After all that it answers as before", expects="the same answer")
def answers_afterwards(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload)
    said = [line.split(",")[0] for line in reply.lines]
    return Found(said == list(bench.sample.expected), str(reply))


def _with_a_text(bench: Bench, place: int) -> Reply:
    """The payload in which one row has a text instead of its first number."""
    lines = [*bench.sample.lines]
    lines[place] = "many," + lines[place].partition(",")[2]
    return bench.web.post("\n".join(lines) + "\n")


def _refused(reply: Reply) -> Found:
    return Found(_of_the_sender(reply), str(reply))


def _of_the_sender(reply: Reply) -> bool:
    return 400 <= reply.status < 500
