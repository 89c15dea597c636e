"""Points about POST /invocations with rows as they should be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from keepfit.sagemaker.conform.bench import Bench, files_below
from keepfit.sagemaker.conform.point import Found, Points
from keepfit.sagemaker.conform.web import Reply

ANSWERS = Points("invocations")
point = ANSWERS.point

_MB = 1 << 20
_VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F))
_ATTRIBUTES = "X_Amzn_SageMaker_Custom_Attributes"


@point("text/csv is answered with 200", expects="200")
def answers_csv(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload)
    return Found(reply.status == 200, str(reply))


@point("The answer to CSV is CSV", expects="text/csv")
def answers_as_csv(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload)
    return Found(reply.type == "text/csv", reply.type)


@point("There is one prediction a line, one line a row", expects="as many lines as rows")
def answers_each_row(bench: Bench) -> Found:
    reply, rows = bench.web.post(bench.sample.payload), len(bench.sample.lines)
    return Found(len(reply.lines) == rows, f"{len(reply.lines)} lines for {rows} rows")


@point("CSV has no row of names: the first row is a row", expects="it is predicted like any other")
def predicts_the_first_row(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload)
    first = bench.sample.expected[0]
    said = reply.lines[0].split(",")[0] if reply.lines else str(reply)
    return Found(len(reply.lines) == len(bench.sample.lines) and said == first, said)


@point("Predictions come in the order of the rows, and are right", expects="what the sample tells")
def predicts_in_order(bench: Bench) -> Found:
    return _as_expected(bench, bench.web.post(bench.sample.payload))


@point("All files of a channel were learned from, those in sub-folders too", expects="every label")
def has_learned_every_label(bench: Bench) -> Found:
    said = {line.split(",")[0] for line in bench.web.post(bench.sample.payload).lines}
    missing = sorted(set(bench.sample.expected) - said)
    return Found(not missing, f"never said: {', '.join(missing)}" if missing else "every label")


@point("A single row is rows enough", expects="one line")
def answers_one_row(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.lines[0] + "\n")
    return Found(reply.lines[:1] == [bench.sample.expected[0]], str(reply))


@point("The last line may lack its end", expects="the same answer")
def takes_no_last_line_end(bench: Bench) -> Found:
    return _as_expected(bench, bench.web.post(bench.sample.payload.rstrip("\n")))


@point("Lines may end as on Windows", expects="the same answer")
def takes_windows_lines(bench: Bench) -> Found:
    return _as_expected(bench, bench.web.post("\r\n".join(bench.sample.lines) + "\r\n"))


@point("A charset beside the content type is no other type", expects="the same answer")
def takes_a_charset(bench: Bench) -> Found:
    return _as_expected(bench, bench.web.post(bench.sample.payload, "text/csv; charset=utf-8"))


@point("Content types have no case", expects="the same answer")
def takes_any_case(bench: Bench) -> Found:
    return _as_expected(bench, bench.web.post(bench.sample.payload, "Text/CSV"))


@point("Headers that nobody knows are ignored", expects="the same answer")
def ignores_unknown_headers(bench: Bench) -> Found:
    more = {"X_Amzn_SageMaker_Something": "1", "X_Request_Thing": "2", "X_Forwarded_For": "::1"}
    return _as_expected(bench, bench.web.post(bench.sample.payload, **more))


@point("Custom attributes may have 1,024 visible characters", expects="the same answer")
def takes_custom_attributes(bench: Bench) -> Found:
    text = (_VISIBLE * 11)[:1024]
    return _as_expected(bench, bench.web.post(bench.sample.payload, **{_ATTRIBUTES: text}))


@point("Custom attributes come back only if the container sets them", expects="no echo")
def echoes_no_attributes(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload, **{_ATTRIBUTES: "trace-canary-17"})
    echo = [name for name, value in reply.headers.items() if "trace-canary-17" in value]
    return Found(reply.status == 200 and not echo, ", ".join(echo) or "no echo")


@point("Accept: text/csv is answered with CSV", expects="text/csv")
def answers_what_is_accepted(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload, Accept="text/csv")
    return Found(reply.status == 200 and reply.type == "text/csv", str(reply))


@point("Accept: */* leaves the choice to the container", expects="200")
def answers_where_all_is_accepted(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload, Accept="*/*")
    return Found(reply.status == 200, str(reply))


@point("Accept: application/json is answered with JSON, or refused", expects="JSON, or 406")
def answers_json_where_that_is_accepted(bench: Bench) -> Found:
    reply = bench.web.post(bench.sample.payload, Accept="application/json")
    kept = reply.status == 406 or (reply.status == 200 and reply.type == "application/json")
    return Found(kept, str(reply))


@point("Rows may come in chunks of unknown length", expects="the same answer")
def takes_chunks(bench: Bench) -> Found:
    data = bench.sample.payload.encode()
    half = len(data) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (data[:half], data[half:]))
    head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
    head += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return _as_expected(bench, bench.web.raw(head.encode() + chunks + b"0\r\n\r\n"))


@point("A client may ask whether it should go on (Expect: 100-continue)", expects="an answer")
def answers_who_waits_to_go_on(bench: Bench) -> Found:
    data = bench.sample.payload.encode()
    head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
    head += f"Content-Length: {len(data)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    return _as_expected(bench, bench.web.raw(head.encode() + data))


@point("A connection takes one request after the other", expects="two answers on one connection")
def keeps_connections(bench: Bench) -> Found:
    import http.client
    from contextlib import closing

    from keepfit.sagemaker.conform.web import HOST

    said = []
    with closing(http.client.HTTPConnection(HOST, bench.web.port, timeout=60)) as connection:
        for _ in range(2):
            connection.request(
                "POST", "/invocations", bench.sample.lines[0], {"Content-Type": "text/csv"}
            )
            said.append(connection.getresponse().read().decode().strip())
    return Found(said == [bench.sample.expected[0]] * 2, ", ".join(said))


@point("The same rows have the same answer", expects="the same bytes, ten times")
def answers_alike(bench: Bench) -> Found:
    bodies = {bench.web.post(bench.sample.payload).body for _ in range(10)}
    return Found(len(bodies) == 1, f"{len(bodies)} different answers")


@point("Requests at the same time each get their own answer", expects="40 of 40 are right")
def mixes_nothing_up(bench: Bench) -> Found:
    lines, expected = bench.sample.lines, bench.sample.expected
    places = [i * 7 % len(lines) for i in range(40)]
    with ThreadPoolExecutor(16) as clients:
        replies = list(clients.map(lambda i: bench.web.post(lines[i]), places))
    right = sum(reply.lines == [expected[i]] for reply, i in zip(replies, places, strict=True))
    return Found(right == len(places), f"{right} of {len(places)} are right")


@point("6 MB were the limit once, and are none today", expects="200, and a line a row")
def takes_more_than_six_megabytes(bench: Bench) -> Found:
    return _as_many(bench, 7 * _MB)


@point("A payload may have 25 MB, and is answered within 60 s", expects="200, and a line a row")
def takes_twenty_five_megabytes(bench: Bench) -> Found:
    return _as_many(bench, 25 * _MB - 1024)


@point("The model folder is only read", expects="the same bytes after all this")
def leaves_the_model_alone(bench: Bench) -> Found:
    bench.web.post(bench.sample.payload)
    before = bench.server_files
    changed = sorted(dict(before.items() ^ files_below(bench.good.tree.model).items()))
    return Found(not changed, ", ".join(changed) or "the same bytes")


def _as_expected(bench: Bench, reply: Reply) -> Found:
    """Whether every line is the label that the sample tells."""
    said = [line.split(",")[0].strip() for line in reply.lines]
    expected = list(bench.sample.expected)
    if reply.status == 200 and said == expected:
        return Found(True, _counted(said))
    return Found(False, str(reply) if reply.status != 200 else _counted(said))


def _counted(labels: list[str]) -> str:
    return ", ".join(f"{labels.count(one)} {one}" for one in dict.fromkeys(labels)) or "nothing"


def _as_many(bench: Bench, size: int) -> Found:
    block = bench.sample.payload
    rows = len(bench.sample.lines) * (size // len(block.encode()))
    reply = bench.web.post(block * (size // len(block.encode())))
    lines = reply.body.count(b"\n") if reply.status == 200 else 0
    told = f"{reply.status or reply}: {lines:,} lines for {rows:,} rows in {reply.seconds:.1f} s"
    return Found(reply.status == 200 and lines == rows and reply.seconds < 60, told)
