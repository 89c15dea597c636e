"""Points about batch transforms: what the container proposes, and what the job decides."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keepfit.sagemaker.conform.bench import BATCH, Bench
from keepfit.sagemaker.conform.point import Found, Points

TRANSFORM = Points("batch")
point = TRANSFORM.point

_KNOWN = {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"}
_STRATEGIES = {"MULTI_RECORD", "SINGLE_RECORD"}
_MB = 1 << 20
_MOST = 100  # MB of all payloads at a time


@point("A container starts under SAGEMAKER_BATCH=true", expects="/ping answers 200")
def starts(bench: Bench) -> Found:
    took = bench.batch.ready_after
    return Found(took is not None, f"after {took:.1f} s" if took is not None else "it never did")


@point("/execution-parameters answers 200, where it is there", expects="200 or 404")
def tells_its_parameters(bench: Bench) -> Found:
    reply = bench.batch.web.get("/execution-parameters")
    return Found(reply.status in (200, 404), str(reply))


@point("They are an object of JSON", expects="application/json")
def tells_json(bench: Bench) -> Found:
    reply = bench.batch.web.get("/execution-parameters")
    if reply.status == 404:
        return Found(True, "not there")
    kept = isinstance(_parameters(bench), dict) and reply.type == "application/json"
    return Found(kept, str(reply))


@point("They have the three names that SageMaker knows", expects="no other name")
def tells_known_names(bench: Bench) -> Found:
    names = set(_parameters(bench))
    return Found(names <= _KNOWN, ", ".join(sorted(names)) or "none")


@point("MaxConcurrentTransforms is a whole number", expects="1 or more")
def tells_how_many_at_a_time(bench: Bench) -> Found:
    value = _parameters(bench).get("MaxConcurrentTransforms", 1)
    return Found(type(value) is int and value >= 1, repr(value))


@point("BatchStrategy is one of two words", expects="MULTI_RECORD or SINGLE_RECORD")
def tells_a_strategy(bench: Bench) -> Found:
    value = _parameters(bench).get("BatchStrategy", "MULTI_RECORD")
    return Found(value in _STRATEGIES, repr(value))


@point("MaxPayloadInMB is a whole number", expects="0 to 100")
def tells_how_much(bench: Bench) -> Found:
    value = _parameters(bench).get("MaxPayloadInMB", 6)
    return Found(type(value) is int and 0 <= value <= _MOST, repr(value))


@point("Both together are at most 100 MB", expects="their product is 100 or less")
def tells_no_more_than_there_is(bench: Bench) -> Found:
    parameters = _parameters(bench)
    product = parameters.get("MaxConcurrentTransforms", 1) * parameters.get("MaxPayloadInMB", 6)
    return Found(product <= _MOST, f"{product} MB")


@point("What the job says goes before what the container proposes", expects="the job's own values")
def lets_the_job_decide(bench: Bench) -> Found:
    parameters = _parameters(bench)
    if not parameters:
        return Found(True, "it proposes nothing")
    wanted = {
        "MaxConcurrentTransforms": int(BATCH["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"]),
        "BatchStrategy": BATCH["SAGEMAKER_BATCH_STRATEGY"],
        "MaxPayloadInMB": int(BATCH["SAGEMAKER_MAX_PAYLOAD_IN_MB"]),
    }
    odd = {name: value for name, value in parameters.items() if value != wanted[name]}
    return Found(not odd, json.dumps(parameters))


@point("A payload may be as large as the job says", expects="30 MB are answered, a line a row")
def takes_what_the_job_says(bench: Bench) -> Found:
    block = bench.sample.payload
    times = (30 * _MB - 1024) // len(block.encode())
    rows = len(bench.sample.lines) * times
    reply = bench.batch.web.post(block * times)
    lines = reply.body.count(b"\n") if reply.status == 200 else 0
    return Found(lines == rows, f"{reply.status or reply}: {lines:,} lines for {rows:,} rows")


@point("As many requests come at a time as the job says", expects="3 of 3 are answered")
def takes_as_many_as_the_job_says(bench: Bench) -> Found:
    body = bench.sample.payload * 100
    count = int(BATCH["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"])
    with ThreadPoolExecutor(count) as clients:
        replies = list(clients.map(bench.batch.web.post, [body] * count))
    right = sum(reply.status == 200 for reply in replies)
    return Found(right == count, f"{right} of {count}")


@point("A batch of records is answered record by record", expects="a line a row, in order")
def answers_record_by_record(bench: Bench) -> Found:
    reply = bench.batch.web.post(bench.sample.payload)
    said = [line.split(",")[0] for line in reply.lines]
    return Found(said == list(bench.sample.expected), f"{len(said)} lines")


@point("Each answer is whole lines, to be joined to a file", expects="a last line end")
def ends_with_a_line_end(bench: Bench) -> Found:
    reply = bench.batch.web.post(bench.sample.payload)
    return Found(reply.body.endswith(b"\n"), repr(reply.body[-20:]))


@point("Without a job's values the container's own hold", expects="200 or 404 without SAGEMAKER_…")
def proposes_by_itself(bench: Bench) -> Found:
    reply = bench.web.get("/execution-parameters")
    return Found(reply.status in (200, 404), str(reply))


def _parameters(bench: Bench) -> dict[str, Any]:
    """What the container proposes; nothing where it has no such route."""
    reply = bench.batch.web.get("/execution-parameters")
    if reply.status != 200:
        return {}
    try:
        made = json.loads(reply.body)
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
