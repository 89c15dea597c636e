"""Points about the end of a server: SIGTERM, and SIGKILL 30 s later."""

from __future__ import annotations

from keepfit.sagemaker.conform.bench import CANARY, Bench
from keepfit.sagemaker.conform.point import Found, Points
from keepfit.sagemaker.conform.stop import SECONDS

STOPPING = Points("stop")
point = STOPPING.point


@point("A server is stopped by SIGTERM, and killed 30 s later", expects="it ends within 30 s")
def ends_in_time(bench: Bench) -> Found:
    stop = bench.stop
    told = f"{stop.seconds:.1f} s" if stop.code is not None else "it had to be killed"
    return Found(stop.code is not None and stop.seconds < SECONDS, told)


@point("To be stopped is no failure", expects="exit code 0")
def ends_with_no_complaint(bench: Bench) -> Found:
    return Found(bench.stop.code == 0, f"exit code {bench.stop.code}")


@point("What was under way is answered", expects="every request that had arrived: 200")
def answers_what_was_under_way(bench: Bench) -> Found:
    replies = bench.stop.replies
    right = sum(reply.status == 200 for reply in replies)
    bad = next((f", {reply}" for reply in replies if reply.status != 200), "")
    return Found(right == len(replies), f"{right} of {len(replies)}{bad}")


@point("Nothing of it is left", expects="nobody answers at the port")
def leaves_nobody(bench: Bench) -> Found:
    return Found(bench.stop.afterwards.status == 0, str(bench.stop.afterwards))


@point("What is printed is the log of the endpoint", expects="no secret, no traceback")
def logs_no_secret(bench: Bench) -> Found:
    said = bench.stop.said + bench.server.said
    odd = [word for word in (CANARY, "Traceback (most recent") if word in said]
    return Found(not odd, ", ".join(odd) or f"{len(said):,} characters")
