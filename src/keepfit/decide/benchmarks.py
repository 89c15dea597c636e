"""The bounds on benchmarks: what is asked of the cases whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from keepfit.config.schema.gate import RIGHT_OR_WRONG, Benchmark
from keepfit.decide.words import figures, plain
from keepfit.records.base import Outcome
from keepfit.records.comparison import BenchmarkScore
from keepfit.records.evidence import Evidence, Reason

USUAL = ("accuracy", "mae")  # what is measured where the file of models names no metric


def benchmarks(evidence: Evidence, asked: Mapping[str, Benchmark]) -> Iterator[Reason]:
    """One reason a benchmark; what could not be measured fails, whatever the severity."""
    for name, spec in asked.items():
        score = next((each for each in evidence.benchmarks if each.name == name), None)
        outcome, text = _judged(name, spec, score, evidence)
        yield Reason(rule=f"benchmark {name}", outcome=outcome, text=text)


def _judged(
    name: str, spec: Benchmark, score: BenchmarkScore | None, evidence: Evidence
) -> tuple[Outcome, str]:
    if score is None:
        return "fail", f"benchmark {name} was not measured"
    if missing := next(_missing(spec, score, evidence), None):
        return "fail", f"benchmark {name}: {missing}"
    said = _sentence(name, score)
    broken = "; ".join(_broken(spec, score))
    if not broken:
        return "pass", said
    if spec.severity == "note":
        return "pass", f"noted: {said}; {broken}"
    return spec.severity, f"{said}; {broken}"


def _missing(spec: Benchmark, score: BenchmarkScore, evidence: Evidence) -> Iterator[str]:
    """What is not there, or is not what the file of models names."""
    if score.error:
        yield score.error
    yield from _another_file(spec, score)
    if score.metric not in ((spec.metric,) if spec.metric else USUAL):
        yield f"it was measured by {score.metric}; expected {spec.metric or ' or '.join(USUAL)}"
    if score.cases < 1:
        yield "it has no cases"
    if score.challenger is None or not math.isfinite(score.challenger):
        yield f"{score.metric} of the challenger is missing"
    if evidence.champion is not None:
        yield from _champion_missing(spec, score)


def _champion_missing(spec: Benchmark, score: BenchmarkScore) -> Iterator[str]:
    if score.champion is None or not math.isfinite(score.champion):
        yield f"{score.metric} of the champion is missing"
    if spec.max_lost is not None and score.lost is None:
        yield "the cases that were lost were not counted"
    if spec.max_lost is not None and not score.metric.startswith(RIGHT_OR_WRONG):
        yield f"max_lost asks which cases are right, which {score.metric} does not tell"
    if (score.lost or 0) < sum(change.better == "champion" for change in score.changes):
        yield "more cases are shown as lost than were counted"


def _another_file(spec: Benchmark, score: BenchmarkScore) -> Iterator[str]:
    if not score.digest or score.file != spec.file:
        yield f"the file judged is {score.file or 'nothing'}; expected {spec.file}"
    elif spec.sha256 and spec.sha256 != score.digest:
        yield (
            f"{score.file} has the sha256 {score.digest[:12]}; keepfit.toml says {spec.sha256[:12]}"
        )
    elif not spec.sha256 and score.before and score.before != score.digest:
        yield (
            f"{score.file} is not what the champion was judged on."
            f' If that is meant, say in keepfit.toml: sha256 = "{score.digest}"'
        )


def _broken(spec: Benchmark, score: BenchmarkScore) -> Iterator[str]:
    value = score.challenger
    if value is None or (spec.min is not None and not value >= spec.min):
        yield f"asked for at least {plain(spec.min or 0)}"
    if value is None or (spec.max is not None and not value <= spec.max):
        yield f"asked for at most {plain(spec.max or 0)}"
    if spec.max_lost is not None and score.lost is not None and score.lost > spec.max_lost:
        yield f"at most {spec.max_lost:,} may be lost"


def _sentence(name: str, score: BenchmarkScore) -> str:
    ours, theirs = score.challenger or 0.0, score.champion
    apart = abs(ours - theirs) if theirs is not None else 0.0
    mine, other = figures(ours, theirs or 0.0, apart=apart or 0.01)
    against = f" against {other} of the champion" if theirs is not None else ""
    unclear = f", {score.ambiguous:,} ambiguous left out" if score.ambiguous else ""
    counted = (
        f": {score.gained:,} gained, {score.lost:,} lost{_named(score)}"
        if score.gained is not None and score.lost is not None
        else ""
    )
    return f"{name}: {score.metric} {mine}{against} on {score.cases:,} cases{unclear}{counted}"


def _named(score: BenchmarkScore) -> str:
    """The first lost cases by name."""
    lost = [change.case for change in score.changes if change.better == "champion"]
    if not lost:
        return ""
    more = f" and {score.lost - 3:,} more" if score.lost is not None and score.lost > 3 else ""
    return f" ({', '.join(lost[:3])}{more})"
