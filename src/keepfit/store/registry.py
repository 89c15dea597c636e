"""The registry of models: what the lifecycle says to a store, a sentence a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from keepfit.digest import Digest, digest_of, sha256
from keepfit.errors import Conflict, UserError
from keepfit.records.base import Bump, Outcome
from keepfit.records.rows import Part
from keepfit.records.version import Manifest
from keepfit.store import keys, versions, view
from keepfit.store.heartbeat import beating
from keepfit.store.log.events import (
    Abort,
    Approve,
    Begin,
    Freeze,
    Judged,
    Promote,
    Publish,
    Reject,
    Request,
)
from keepfit.store.log.log import Draft
from keepfit.store.log.nouns import Claim, StageState
from keepfit.store.log.state import State
from keepfit.store.log.statement import Signer
from keepfit.store.parts import StoredParts
from keepfit.store.upkeep.keeping import LARGE, Keeping

EVIDENCE = "evidence.json"  # the file of a version whose digest is approved


class Registry(Keeping):
    """The models of a store, as `actor` sees and changes them.

    What changes a model returns its new State. `op` names an operation: given again, it is done
    once. StoreError if the store fails, Unclear if nobody can say whether it did.
    """

    def evidence(self, model: str, version: str) -> bytes:
        """The newest evidence on a version; Corrupt if it is not what was recorded."""
        return self._drive(versions.read_evidence(model, self._published(model, version), EVIDENCE))

    def keep_evidence(self, model: str, data: bytes) -> Digest:
        """Store evidence that was gathered after publication; its digest."""
        return self._drive(versions.keep_evidence(model, data))

    def parts(self, model: str) -> StoredParts:
        """The model's frozen files of rows."""
        return StoredParts(self, self._objects, model)

    # --- versions --------------------------------------------------------------------------------

    def begin(  # noqa: PLR0913 the fields of its record
        self,
        model: str,
        *,
        op: str,
        bump: Bump,
        label: str,
        config: Digest,
        snapshot: Digest,
        code: Digest,
        sources: Digest = "",
        reason: str = "",
        branch: str = "",
    ) -> Claim:
        """A version number of one's own, and an attempt at it that ends the operation's earlier.

        The same operation again gets the same number, or what it has published already. `branch`
        is that of git where it is not the main one.
        """
        attempt = self.attempt()
        facts = {"config": config, "snapshot": snapshot, "code": code}

        def decide(state: State) -> Draft | None:
            claim = state.claims.get(op)
            if claim is None:
                version = str(state.next_version(bump, label))
            elif claim.published:
                return None
            else:
                version = _same(claim, **facts).version
            return self._draft(
                Begin,
                f"{op}/{attempt}",
                claim=op,
                version=version,
                bump=bump,
                attempt=attempt,
                sources=sources,
                reason=reason,
                branch=branch,
                **facts,
            )

        return self._append(model, f"{op}/{attempt}", decide).claims[op]

    def abort(self, model: str, attempt: str, reason: str = "") -> State:
        """Say that an attempt is over; one that is over already stays as it is."""
        op = f"abort/{attempt}"

        def decide(state: State) -> Draft | None:
            known = state.attempts.get(attempt)
            if known and known.status != "open":
                return None
            return self._draft(Abort, op, attempt=attempt, reason=reason)

        return self._append(model, op, decide)

    def publish(
        self,
        model: str,
        claim: Claim,
        files: Mapping[str, bytes],
        manifest: Manifest,
        *,
        evidence: str = EVIDENCE,
    ) -> State:
        """Write the files and their manifest, look whether they are there, make the version live.

        `evidence` is the path of the file whose digest people approve. Refused if the attempt was
        ended by somebody meanwhile.
        """
        op = f"{claim.op}/publish"
        if op in (state := self.state(model)).ops:
            return state
        approved = sha256(files[evidence])
        folder = keys.version_folder(model, claim.version, claim.attempt)
        large = sum(map(len, files.values())) > LARGE
        heartbeat = keys.heartbeat(model, claim.attempt)
        draft = self._draft(
            Publish,
            op,
            attempt=claim.attempt,
            manifest=digest_of(manifest),
            model=manifest.candidate.digest,
            evidence=approved,
            parts=tuple(part.digest for part in manifest.recipe.snapshot.parts),
            commit=manifest.recipe.code.commit,
        )
        with self._foreseeing(model, draft):
            with beating(self._objects, heartbeat) if large else nullcontext():
                self._drive(versions.store(folder, files, manifest))
            return self._append(model, op, lambda _: draft)

    def freeze(self, model: str, attempt: str, parts: Sequence[Part]) -> State:
        """Record that the attempt's folder holds the parts."""
        op = f"freeze/{attempt}"
        draft = self._draft(Freeze, op, attempt=attempt, parts=tuple(parts))
        return self._append(model, op, lambda _: draft)

    # --- judgement and stages --------------------------------------------------------------------

    def judged(  # noqa: PLR0913 the fields of its record
        self,
        model: str,
        version: str,
        *,
        evidence: Digest,
        outcome: Outcome,
        against: str | None = None,
        why: str = "",
        op: str | None = None,
    ) -> State:
        """Record what the gate said of a version, held against the champion `against`."""
        facts: dict[str, Any] = {
            "evidence": evidence,
            "outcome": outcome,
            "against": against,
            "why": why,
        }
        return self._about(Judged, model, version, op=op, **facts)

    def request(  # noqa: PLR0913 the fields of its record
        self,
        model: str,
        version: str,
        stage: str,
        *,
        evidence: Digest,
        expect: int | None,
        expires: str | None = None,
        op: str | None = None,
    ) -> State:
        """Ask people to let a version into a stage, which record `expect` has set.

        After the ISO time `expires` no answer counts.
        """
        facts: dict[str, Any] = {"stage": stage, "evidence": evidence, "expect": expect}
        return self._about(Request, model, version, op=op, expires=expires, **facts)

    def approve(  # noqa: PLR0913 the fields of its record
        self,
        model: str,
        version: str,
        stage: str,
        *,
        evidence: Digest,
        expect: int | None = None,
        reason: str = "",
        expires: str | None = None,
        op: str | None = None,
        signer: Signer | None = None,
    ) -> State:
        """Say yes to this evidence, while record `expect` has set the stage, until `expires`.

        `signer` signs the record and is its actor.
        """
        facts: dict[str, Any] = {"evidence": evidence, "reason": reason, "expires": expires}
        facts |= {"stage": stage, "expect": expect}
        return self._about(Approve, model, version, op=op, signer=signer, **facts)

    def reject(
        self, model: str, version: str, stage: str, *, reason: str = "", op: str | None = None
    ) -> State:
        """Say no: the open request is closed, and approvals of it are void."""
        return self._about(Reject, model, version, op=op, stage=stage, reason=reason)

    def promote(  # noqa: PLR0913 the fields of its record
        self,
        model: str,
        version: str,
        stage: str,
        *,
        expect: int | None,
        how: str,
        reason: str = "",
        approvals: tuple[int, ...] = (),
        op: str | None = None,
        signer: Signer | None = None,
    ) -> State:
        """Point the stage at the version; Conflict unless record `expect` (None: nobody) set it.

        `approvals` are the records that it rests on; `signer` signs it and is its actor.
        """
        facts: dict[str, Any] = {"stage": stage, "expect": expect, "how": how, "reason": reason}
        facts["approvals"] = approvals
        look = partial(_refuse_if_moved, model=model, stage=stage, expect=expect)
        state = self._about(Promote, model, version, look, op=op, signer=signer, **facts)
        self._drive(view.show(model, state, stage))
        return state


def _same(claim: Claim, **facts: Digest) -> Claim:
    if differs := [name for name, digest in facts.items() if getattr(claim, name) != digest]:
        raise UserError(
            f"the operation {claim.op} owns {claim.version}, begun with another "
            f"{' and '.join(differs)}",
            hint="give this one another --op, or none",
        )
    return claim


def _refuse_if_moved(state: State, *, model: str, stage: str, expect: int | None) -> None:
    held = state.stages.get(stage)
    if (held.seq if held else None) != expect:
        before = next((p for p in state.past.get(stage, []) if p.seq == expect), None)
        raise Conflict(f"{stage} of {model} was moved", _told(before), _told(held))


def _told(held: StageState | None) -> str | None:
    return f"{held.version} (set by record {held.seq})" if held else None
