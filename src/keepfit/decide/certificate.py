"""Was the comparison honest? Nothing but what the certificate and the evidence say decides it."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema.gate import Gate
from keepfit.decide.words import percent
from keepfit.records.certificate import Certificate, Witness
from keepfit.records.comparison import Side
from keepfit.records.evidence import Evidence, Reason

RULE = "honest comparison"


def honest(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """One reason: everything that the certificate lacks or denies, or how honest it was."""
    certificate = evidence.certificate
    if certificate is None:
        text = "there is no certificate of an honest comparison: judge it again"
        yield Reason(rule=RULE, outcome="fail", text=text)
        return
    wrong = [*_strange(certificate, evidence), *_unfair(certificate, gate)]
    if wrong:
        yield Reason(rule=RULE, outcome="fail", text="; ".join(wrong))
    else:
        yield Reason(rule=RULE, outcome="pass", text=_told(certificate))


def _strange(certificate: Certificate, evidence: Evidence) -> Iterator[str]:
    """Where the certificate does not add up, or is of something else than the evidence."""
    overlap = evidence.overlap
    facts = (
        ("rows judged on", certificate.rows, evidence.rows),
        ("digest of the rows", certificate.holdout or None, evidence.holdout),
        ("rows left out", certificate.trimmed, overlap.trimmed),
        ("rows offered", certificate.offered, certificate.rows + certificate.trimmed),
        ("rows the challenger learned from", certificate.challenger.learned, overlap.challenger),
        ("fingerprint", certificate.challenger.fingerprint, evidence.split.train_digest),
    )
    for what, said, expected in facts:
        if said != expected:
            yield f"the certificate's {what}: {_shown(said)}; the evidence says {_shown(expected)}"
    for digest in (certificate.offered_digest, certificate.contents):
        if len(digest) != 64:
            yield "a digest of the rows is missing from the certificate"
    if certificate.trimmed == 0 and certificate.offered_digest != certificate.holdout:
        yield "no row was left out, and yet the rows offered are not the rows judged on"
    yield from _miscounted(certificate, overlap.champion)
    yield from _sides(certificate, evidence)
    split = evidence.split
    told = split.train + split.validation + split.before
    if certificate.challenger.seen > told:
        yield (
            f"the challenger learned from {certificate.challenger.seen:,} rows; the evidence says"
            f" {told:,}"
        )
    if certificate.used is None and not certificate.used_error:
        yield "how often these rows have judged before was not counted"
    elif certificate.used is not None and certificate.used < 0:
        yield f"these rows cannot have judged {certificate.used} times before"


def _miscounted(certificate: Certificate, champion: int) -> Iterator[str]:
    """Counts of overlap that cannot be."""
    theirs = certificate.champion.learned if certificate.champion else 0
    if theirs != champion:
        yield (
            f"the certificate's rows the champion learned from: {theirs:,};"
            f" the evidence says {champion:,}"
        )
    ours = certificate.challenger.learned
    if not max(ours, theirs) <= certificate.trimmed <= ours + theirs:
        yield (
            f"{certificate.trimmed:,} rows were left out, and the sides had learned from"
            f" {ours:,} and {theirs:,}"
        )


def _sides(certificate: Certificate, evidence: Evidence) -> Iterator[str]:
    yield from _side("challenger", certificate.challenger, evidence.challenger, certificate.rows)
    if (certificate.champion is None) != (evidence.champion is None):
        yield "the certificate and the evidence do not name the same champion"
    if certificate.champion and evidence.champion:
        yield from _side("champion", certificate.champion, evidence.champion, certificate.rows)
        if certificate.champion.digest == certificate.challenger.digest:
            yield "both sides are the same model, byte for byte"


def _side(name: str, witness: Witness, side: Side, rows: int) -> Iterator[str]:
    if not side.digest or witness.digest != side.digest:
        yield f"the certificate is of another {name}: {_shown(witness.digest)}"
    if len(witness.fingerprint) != 64 or witness.seen < 1:
        yield f"which rows the {name} learned from is not known"
    if witness.answers != rows:
        yield f"the {name} answered {witness.answers:,} of {rows:,} rows"
    if witness.nulls:
        yield f"the {name} has no answer for {witness.nulls:,} of {rows:,} rows"
    if (witness.validated or 0) > witness.learned or (witness.validated or 0) < 0:
        yield f"the {name} was tuned on more of the rows than it had seen"


def _unfair(certificate: Certificate, gate: Gate) -> Iterator[str]:
    """What is honestly told, and yet is no honest comparison."""
    ours = certificate.challenger
    if ours.validated is None:
        yield "whether the holdout stopped or tuned the challenger is not known"
    elif ours.validated > 0:
        yield (
            f"{ours.validated:,} holdout rows stopped or tuned the challenger:"
            " a holdout must be used for nothing else"
        )
    share = certificate.trimmed / certificate.offered if certificate.offered else 1.0
    if share > gate.max_overlap:
        yield (
            f"{percent(share)} of the {certificate.offered:,} holdout rows had been learned from;"
            f" at most {percent(gate.max_overlap)} may be left out (gate.max_overlap)"
        )


def _told(certificate: Certificate) -> str:
    rows = f"judged on {certificate.rows:,} rows that"
    said = (
        f"{rows} neither side has learned from, each answered by both"
        if certificate.champion
        else f"{rows} it has not learned from, each answered"
    )
    left = f"; {certificate.trimmed:,} more were left out" if certificate.trimmed else ""
    return said + left + _again(certificate)


def _again(certificate: Certificate) -> str:
    if certificate.used is None:
        return f"; how often they have judged before is not known: {certificate.used_error}"
    times = "once" if certificate.used == 1 else f"{certificate.used:,} times"
    return f"; they have judged {times} before" if certificate.used else ""


def _shown(value: str | int | None) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value[:12] if value else "nothing"
