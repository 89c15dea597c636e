"""A model's log, folded, and the questions it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from keepfit.digest import Digest
from keepfit.names import Version
from keepfit.records import Bump
from keepfit.store.events import Approve, Reject
from keepfit.store.nouns import (
    Attempt,
    Claim,
    Entry,
    Place,
    RequestState,
    StageState,
    StoredPart,
    VersionState,
    time_of,
)


@dataclass(frozen=True, slots=True)
class State:
    """A model after some records of its log; only `fold` makes one, and nobody changes it."""

    entries: list[Entry] = field(default_factory=list)  # the whole history, void records too
    ops: dict[str, int] = field(default_factory=dict)  # operation -> seq of its valid record
    claims: dict[str, Claim] = field(default_factory=dict)  # by operation, lowest number first
    attempts: dict[str, Attempt] = field(default_factory=dict)
    versions: dict[str, VersionState] = field(default_factory=dict)  # in order of publication
    parts: dict[Digest, StoredPart] = field(default_factory=dict)
    stages: dict[str, StageState] = field(default_factory=dict)  # what each holds
    past: dict[str, list[StageState]] = field(default_factory=dict)  # all they ever held
    requests: dict[Place, RequestState] = field(default_factory=dict)  # not answered yet
    approvals: dict[Place, dict[str, Approve]] = field(default_factory=dict)  # by approver
    rejections: list[Reject] = field(default_factory=list)

    @property
    def next(self) -> int:
        """The seq of the record that would come next."""
        return len(self.entries)

    def next_version(self, bump: Bump, label: str) -> Version:
        """The number after the highest that was ever claimed; the first is 1.0.0."""
        if not self.claims:
            return Version(1, 0, 0, label)
        # Each new claim is higher than all before it, so the last is the highest.
        highest = next(reversed(self.claims.values())).version
        return Version.parse(highest).bump(bump, label)

    @property
    def newest(self) -> VersionState | None:
        """The published version with the highest number, or None."""
        published = (claim.version for claim in reversed(self.claims.values()) if claim.published)
        return self.versions.get(next(published, ""))

    def before(self, stage: str) -> str | None:
        """The version that a rollback of the stage leads to, or None.

        A rollback undoes what it left: after a, b, c and back to b, it leads to a.
        """
        trail: list[str] = []
        for promotion in self.past.get(stage, []):
            _follow(trail, promotion)
        return trail[-2] if len(trail) > 1 else None

    def live_at(self, stage: str, moment: datetime) -> str | None:
        """The version that the stage held at `moment` (with its zone), or None."""
        for promotion in reversed(self.past.get(stage, [])):
            at = time_of(promotion.at)
            if at is not None and at <= moment:
                return promotion.version
        return None

    def approvers(
        self, version: str, stage: str, evidence: Digest, moment: datetime | None = None
    ) -> tuple[str, ...]:
        """Who approved this very evidence, each person once, where it has not expired.

        `moment` is that of the promotion; without it, the time of the log's newest record.
        """
        at = moment or self._now()
        given = self.approvals.get((version, stage), {}).values()
        return tuple(a.actor for a in given if a.evidence == evidence and not _expired(a, at))

    def _now(self) -> datetime | None:
        return time_of(self.entries[-1].event.at) if self.entries else None

    def copy(self) -> State:
        """The same state, sharing nothing that a fold could change."""
        return State(
            entries=self.entries.copy(),
            ops=self.ops.copy(),
            claims=self.claims.copy(),
            attempts=self.attempts.copy(),
            versions=self.versions.copy(),
            parts=self.parts.copy(),
            stages=self.stages.copy(),
            past={stage: held.copy() for stage, held in self.past.items()},
            requests=self.requests.copy(),
            approvals={place: given.copy() for place, given in self.approvals.items()},
            rejections=self.rejections.copy(),
        )


def _follow(trail: list[str], promotion: StageState) -> None:
    if promotion.how == "rollback" and promotion.version in trail:
        while trail[-1] != promotion.version:
            trail.pop()
    elif not trail or trail[-1] != promotion.version:
        trail.append(promotion.version)


def _expired(approval: Approve, moment: datetime | None) -> bool:
    if approval.expires is None:
        return False
    end = time_of(approval.expires)
    return end is None or moment is None or end <= moment
