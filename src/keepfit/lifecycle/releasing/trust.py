"""Whether a promotion rests on what the project asks for: enough persons, who looked at this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from keepfit.config.load import Project
from keepfit.config.schema.release import Promote as Rules
from keepfit.digest import Digest
from keepfit.errors import NotApproved, UserError
from keepfit.lifecycle.releasing.ssh import holds, key_in, names_of
from keepfit.store.log.events import Approve, Promote
from keepfit.store.log.nouns import VersionState, time_of
from keepfit.store.log.state import State
from keepfit.store.log.statement import Signed, Signer, statement
from keepfit.store.registry import Registry

SIGNED = ("approval", "force", "rollback")  # ways into a stage that asks a person
SKEW = timedelta(minutes=10)  # between the clocks of two persons
MOST = 16  # approvals that a promotion may name: a reader looks each of them up


@dataclass(frozen=True, slots=True)
class Trust:
    """What the project asks of whoever lets a version of a model into a stage."""

    model: str
    rules: Rules
    signers: Path | None = None  # None: nobody signs, and who may write to the store is believed

    @classmethod
    def of_nobody(cls, model: str) -> Trust:
        """Of a project in which nobody signs."""
        return cls(model, Rules())

    def asks(self, stage: str) -> bool:
        """Whether what the stage holds must be signed for."""
        return self.signers is not None and self.rules.mode(stage) == "approval"

    def signed(self, stage: str, signer: Signer | None) -> Signer | None:
        """The signer, if there must be one; UserError where one is missing."""
        if self.asks(stage) and signer is None:
            raise UserError(
                f"{self.model}: {stage} takes signed records only, and there is no key",
                hint="name it with --key or KEEPFIT_SIGNING_KEY, or tell git: git config "
                "user.signingkey ~/.ssh/id_ed25519.pub",
            )
        return signer


@dataclass(frozen=True, slots=True)
class Wish:
    """A version's way into a stage, as approvals must be about it."""

    version: VersionState
    stage: str
    expect: int | None  # seq of the promote that has set the stage
    evidence: Digest | None  # None: any on which the gate let it pass
    at: datetime  # when it is promoted


@dataclass(frozen=True, slots=True)
class Counted:
    """Which approvals count, and why others do not."""

    approvals: tuple[Approve, ...]
    objections: tuple[str, ...] = ()


def trust_of(project: Project, model: str) -> Trust:
    """What the project asks for the model; of one that left the file, what the default does."""
    spec = project.models.get(model)
    return Trust(model, spec.promote if spec else Rules(), project.signers)


def counted(trust: Trust, wish: Wish, approvals: Sequence[Any]) -> Counted:
    """Of these records, the approvals of the wish by different persons, each counted once."""
    good: list[Approve] = []
    wrongs: list[str] = []
    seen: set[str] = set()
    for approval in approvals:
        wrong = _wrong_with(trust, wish, approval)
        if wrong:
            wrongs.append(wrong)
            continue
        who = _names(trust, wish.stage, approval)
        if who & seen:
            wrongs.append(f"{approval.actor} counts once, whatever key or name")
        else:
            good.append(approval)
            seen |= who
    return Counted(tuple(good), tuple(wrongs))


def vouched(trust: Trust, registry: Registry, *stages: str) -> State:
    """The model's state; NotApproved where the project asks for signatures on what one of these
    stages holds, and it lacks them.

    The log is read from its first record on, for whoever can write to the store can write
    checkpoints and hints too.
    """
    if not any(map(trust.asks, stages)):
        return registry.state(trust.model)
    state = registry.retold(trust.model)
    for stage in filter(trust.asks, stages):
        held = state.stages.get(stage)
        if held and (wrongs := objections(trust, registry, state.versions[held.version], held)):
            raise NotApproved(
                f"{trust.model}: {stage} points at {held.version} since record {held.seq}, and "
                f"nobody vouches for that: {'; '.join(wrongs)}",
                hint=f"find out who did it: keepfit history {trust.model}; then go back: "
                f"keepfit rollback {trust.model} --stage {stage}, or sign for it: keepfit promote "
                f"{trust.model}@{held.version} --to {stage} --force --reason …",
            )
    return state


def objections(
    trust: Trust, registry: Registry, version: VersionState, promotion: Promote
) -> tuple[str, ...]:
    """Why the promotion does not rest on what the project asks for; none where it does."""
    if trust.asks(promotion.stage):
        if promotion.how not in SIGNED:
            return (f"by {promotion.how or 'nothing'} alone, where a person is to say yes",)
        if wrong := _signature(trust, version, promotion):
            return (wrong,)
    if promotion.how != "approval":
        return ()
    if len(promotion.approvals) > MOST:
        return (f"it names {len(promotion.approvals):,} approvals; expected {MOST} at most",)
    if any(seq >= promotion.seq for seq in promotion.approvals):
        return ("it rests on records that come after it",)
    found = registry.records(trust.model, promotion.approvals)
    return enough(trust, wish_of(version, promotion), found)


def enough(trust: Trust, wish: Wish, approvals: Sequence[Any]) -> tuple[str, ...]:
    """Why these records do not let the version into the stage; none where they do."""
    said = counted(trust, wish, approvals)
    digests = {approval.evidence for approval in said.approvals}
    if len(digests) > 1:
        return ("its approvals are of different evidence",)
    missing = trust.rules.approvers - len(said.approvals)
    if missing <= 0:
        return ()
    asked = "approval" if trust.rules.approvers == 1 else "approvals"
    return (f"{len(said.approvals)} of {trust.rules.approvers} {asked}", *said.objections)


def wish_of(version: VersionState, promotion: Promote) -> Wish:
    """What the approvals of a promotion must be about."""
    at = time_of(promotion.at)
    if at is None:
        raise NotApproved(f"record {promotion.seq} is of {promotion.at!r}, which is no time")
    return Wish(version, promotion.stage, promotion.expect, None, at)


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: equal, or one is the other's address (ana@acme.com)."""
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    return short == long or long.startswith(f"{short}@")


def _wrong_with(trust: Trust, wish: Wish, approval: Any) -> str | None:  # noqa: PLR0911 a case a rule
    if not isinstance(approval, Approve):
        return f"record {approval.seq} is no approval"
    who, version = f"{approval.actor}'s approval", wish.version
    if (approval.version, approval.stage) != (version.version, wish.stage):
        return f"{who} is of {approval.version} for {approval.stage}"
    if not _is_evidence(wish, approval.evidence):
        return f"{who} is of evidence {approval.evidence[:12]}, which is not that of {wish.stage}"
    if approval.expect != wish.expect:
        return f"{who} is from before {wish.stage} was moved"
    given = time_of(approval.at)
    if given is None or given > wish.at + SKEW:  # who dates back to before an expiry
        return f"{who} is of {approval.at[:16]}, which is later"
    if approval.expires and _over(approval.expires, wish.at):
        return f"{who} expired {approval.expires[:16]}"
    if trust.rules.four_eyes and any(
        same_person(name, version.actor) for name in _names(trust, wish.stage, approval)
    ):
        return f"{approval.actor} has published {version.version}, and four_eyes = true"
    return _signature(trust, version, approval) if trust.asks(wish.stage) else None


def _names(trust: Trust, stage: str, approval: Approve) -> frozenset[str]:
    """Every name of who has approved."""
    if trust.signers is None or not trust.asks(stage):
        return frozenset({approval.actor})
    return names_of(trust.signers, approval.actor, key_in(approval.signature))


def _is_evidence(wish: Wish, digest: Digest) -> bool:
    if wish.evidence is not None:
        return digest == wish.evidence
    said = [verdict.outcome for verdict in wish.version.verdicts if verdict.evidence == digest]
    return said[-1:] in (["pass"], ["warn"])


def _signature(trust: Trust, version: VersionState, event: Signed) -> str | None:
    """What is wrong with the signature of a record, or None."""
    if not event.signature:
        return f"record {event.seq} is not signed"
    message = statement(trust.model, version.manifest, event)
    signed = (event.actor, event.signature, message, event.at)
    if trust.signers and holds(trust.signers, *signed):
        return None
    return f"the signature of record {event.seq} is not one of {event.actor}"


def _over(expires: str, moment: datetime) -> bool:
    end = time_of(expires)
    return end is None or end <= moment


def approvals_of(
    trust: Trust, registry: Registry, version: VersionState, promotion: Promote
) -> Iterator[tuple[bool, str]]:
    """Of one promotion, in words: who let the version in and how, and whether that holds."""
    signed = ", signed" if promotion.signature else ""
    why = f"{signed}: {promotion.reason}" if promotion.reason else signed
    if promotion.how == "force":
        yield True, f"forced past the gate by {promotion.actor}{why}"
    elif promotion.how != "approval":
        yield True, f"by {promotion.actor}, {promotion.how}{why}"
    elif promotion.approvals:
        names = [e.actor for e in registry.records(trust.model, promotion.approvals[:MOST])]
        yield True, f"approved by {', '.join(dict.fromkeys(names))}{why}"
    else:
        yield False, f"by {promotion.actor}, and nobody has approved it{why}"
        return
    for wrong in objections(trust, registry, version, promotion):
        yield False, wrong
