"""One version, held against everything that is written about it: offline, and from the first record
on, with no help of hints, checkpoints or pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from keepfit.config.schema.gate import Gate
from keepfit.decide.gate import judge
from keepfit.errors import Corrupt
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.releasing.trust import Trust, approvals_of
from keepfit.names import Reference
from keepfit.records.base import Record
from keepfit.records.version import Manifest
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.steps import drive
from keepfit.store.log.events import Promote
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.seen import Seen
from keepfit.store.log.tape import Log
from keepfit.store.registry import EVIDENCE, Registry
from keepfit.store.upkeep import verify
from keepfit.store.upkeep.ledger import Ledger, Shelved, open_ledger

What = Literal["log", "past", "version", "evidence", "rows", "verdict", "stage"]


class Point(Record, frozen=True, kw_only=True):
    """One thing that was looked at, and what was found."""

    what: What
    outcome: Literal["good", "note", "broken", "refused"]  # refused: whole, but against a rule
    text: str


class Verified(Record, frozen=True, kw_only=True):
    """A version after everything about it was looked at."""

    model: str
    version: str | None  # None: it could not even be told which one is meant
    head: str | None  # the digest of the log's last record: to be written down elsewhere
    records: int
    points: tuple[Point, ...]

    @property
    def outcome(self) -> Literal["good", "refused", "broken"]:
        """The gravest of what was found."""
        found = {point.outcome for point in self.points}
        return "broken" if "broken" in found else "refused" if "refused" in found else "good"


def verify_version(  # noqa: PLR0913 two stores, what is meant, and what is asked
    objects: ObjectStore,
    registry: Registry,
    seen: Seen,
    reference: Reference,
    stages: tuple[str, ...],
    trust: Trust | None = None,
) -> Verified:
    """All that is right and wrong with the version that is meant; UnknownName where it is none."""
    model = reference.model
    ledger = open_ledger(objects, model)
    points = [*_log(ledger), *_past(objects, ledger, seen)]
    version = None
    if all(point.outcome != "broken" for point in points):
        held = registry.resolve(reference, stages)
        version = held.version
        points += _version(objects, registry, ledger, held)
        points += _stages(registry, ledger, held, trust or Trust.of_nobody(model))
    return Verified(
        model=model,
        version=version,
        head=ledger.head,
        records=ledger.state.next,
        points=tuple(points),
    )


def _log(ledger: Ledger) -> Iterator[Point]:
    if ledger.damage:
        yield Point(what="log", outcome="broken", text=str(ledger.damage))
        return
    text = f"{ledger.state.next:,} records, each follows from the one before"
    yield Point(what="log", outcome="good", text=text)


def _past(objects: ObjectStore, ledger: Ledger, seen: Seen) -> Iterator[Point]:
    """Whether the log goes on from where it was seen before."""
    end = seen.end(ledger.model)
    if end is None:
        text = "it was not read from here before: there is nothing to hold its past against"
        yield Point(what="past", outcome="note", text=text)
        return
    log = Log(ledger.model, ledger.state, ledger.head)
    try:
        drive(seen.check(log), objects, lambda _: None)
    except Corrupt as error:
        yield Point(what="past", outcome="broken", text=str(error))
    else:
        text = f"it goes on from record {end.seq}, which was seen here before"
        yield Point(what="past", outcome="good", text=text)


def _version(
    objects: ObjectStore, registry: Registry, ledger: Ledger, held: VersionState
) -> Iterator[Point]:
    shelved = ledger.versions.get(held.version)
    told = Shelved(held.version, held.attempt, held.manifest)
    if shelved != told:
        text = f"the log tells of {shelved}, and what readers are told is {told}"
        yield Point(what="version", outcome="broken", text=text)
        return
    symptoms = [*verify.look_at_versions(objects, ledger, deep=True, only=held.version)]
    yield from _broken("version", symptoms)
    if symptoms:
        return
    manifest = registry.manifest(ledger.model, held.version)
    more = [*verify.look_for_additions(objects, ledger.model, shelved, manifest)]
    yield from _broken("version", more)
    size = sum(file.size for file in manifest.files)
    text = f"{len(manifest.files)} files of {size:,} bytes, as they were published"
    yield Point(what="version", outcome="good", text=text)
    yield from _rows(objects, ledger, held)
    yield from _verdict(objects, ledger, held, manifest)


def _rows(objects: ObjectStore, ledger: Ledger, held: VersionState) -> Iterator[Point]:
    symptoms = [*verify.look_at_parts(objects, ledger, deep=True, only=held.parts)]
    yield from _broken("rows", symptoms)
    if not symptoms:
        text = f"the {len(held.parts)} files of rows that it was made from are there"
        yield Point(what="rows", outcome="good", text=text)


def _verdict(
    objects: ObjectStore, ledger: Ledger, held: VersionState, manifest: Manifest
) -> Iterator[Point]:
    """Whether the verdict that the log tells is what the gate says of the evidence."""
    folder = keys.version_folder(ledger.model, held.version, held.attempt)
    data = objects.get(f"{folder}/{EVIDENCE}") or b""
    judgement = msgspec.json.decode(data, type=Judgement)
    gate = Gate.model_validate(manifest.config.get("gate", {}))
    again = judge(judgement.evidence, gate)
    first = held.verdicts[0] if held.verdicts else None
    if first is None:
        text = "the log tells no verdict on it"
        yield Point(what="verdict", outcome="refused", text=text)
    elif first.outcome != again.outcome:
        text = f"the log says {first.outcome}, and the gate says of its evidence: {again.outcome}"
        yield Point(what="verdict", outcome="refused", text=f"{text}: {again.why}")
    else:
        text = f"the gate says of its evidence what the log says: {again.outcome}"
        yield Point(what="verdict", outcome="good", text=text)


def _stages(
    registry: Registry, ledger: Ledger, held: VersionState, trust: Trust
) -> Iterator[Point]:
    """How the version came into stages, and whether enough persons vouch for that."""
    current = {promotion.seq for promotion in registry.state(ledger.model).stages.values()}
    for promotion in ledger.promotions:
        if promotion.version != held.version:
            continue
        when = f"{promotion.stage} from {promotion.at[:16]}"
        for good, text in approvals_of(trust, registry, held, promotion):
            # What a stage holds is held to the file of now; what it held, may have been in order.
            outcome = _outcome(promotion, good=good, current=promotion.seq in current)
            yield Point(what="stage", outcome=outcome, text=f"{when}: {text}")


def _outcome(
    promotion: Promote, *, good: bool, current: bool
) -> Literal["good", "note", "refused"]:
    if good:
        return "note" if promotion.how == "force" else "good"
    return "refused" if current else "note"


def _broken(what: What, symptoms: list[verify.Symptom]) -> Iterator[Point]:
    for symptom in symptoms:
        yield Point(what=what, outcome="broken", text=symptom.text)
