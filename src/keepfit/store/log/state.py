"""A model's log, folded, and the questions it answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from keepfit.digest import Digest
from keepfit.names import Version
from keepfit.records.base import Bump
from keepfit.store.log.events import Approve, Reject
from keepfit.store.log.nouns import (
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
from keepfit.store.log.pages import Fetch, Page
from keepfit.store.log.shelf import Versions

Copy = tuple[str, Digest]  # a part as it lies in one attempt's folder


class PastPage(Page, frozen=True):
    """A page of a stage's promotions."""

    stage: str
    earliest: float  # POSIX time of the earliest of them


class State(msgspec.Struct):
    """A model after some records of its log; only `fold` makes one, and nobody else changes it.

    It stays small: what no rule needs any more stands on pages, which are read when asked for.
    """

    next: int = 0  # the seq of the record that would come next
    at: str = ""  # ISO time of the newest record
    highest: str = ""  # the version with the highest number that was ever claimed
    entries: list[Entry] = []  # the newest records, void too; as many as were read
    void: dict[int, str] = {}  # why records count for nothing; the newest
    ops: dict[str, int] = {}  # the newest operations -> seq of their record
    claims: dict[str, Claim] = {}  # by operation, lowest number first
    attempts: dict[str, Attempt] = {}
    versions: Versions = msgspec.field(default_factory=Versions)
    parts: dict[Digest, StoredPart] = {}  # those named last come last
    part_pages: tuple[Page, ...] = ()
    dropped: dict[Copy, int] = {}  # tombstoned parts -> seq of the record
    stages: dict[str, StageState] = {}  # what each holds
    past: dict[str, list[StageState]] = {}  # what they held, the newest
    past_pages: tuple[PastPage, ...] = ()
    trails: dict[str, list[str]] = {}  # where rollbacks lead, newest last
    requests: dict[Place, RequestState] = {}  # not answered yet
    approvals: dict[Place, dict[str, Approve]] = {}  # by approver
    rejections: list[Reject] = []

    def next_version(self, bump: Bump, label: str) -> Version:
        """The number after the highest that was ever claimed; the first is 1.0.0."""
        if not self.highest:
            return Version(1, 0, 0, label)
        return Version.parse(self.highest).bump(bump, label)

    @property
    def newest(self) -> VersionState | None:
        """The live version with the highest number that was trained on the main branch, or None."""
        return self.newest_on("")

    def newest_on(self, branch: str) -> VersionState | None:
        """The same of another branch."""
        archived = max((page.high for page in self.versions.pages), default=(0, 0, 0))
        for claim in reversed(self.claims.values()):
            held = self.versions.recent.get(claim.version)
            if held and held.status == "live" and held.branch == branch:
                if held.number < archived:
                    break
                return held
        return self.versions.highest(lambda v: v.status == "live" and v.branch == branch)

    def before(self, stage: str) -> str | None:
        """The version that a rollback of the stage leads to, or None.

        A rollback undoes what it left: after a, b, c and back to b, it leads to a.
        """
        trail = self.trails.get(stage, [])[:-1]
        return next((v for v in reversed(trail) if self.versions[v].status == "live"), None)

    def live_at(self, stage: str, moment: datetime) -> str | None:
        """The version that the stage held at `moment` (with its zone), or None."""
        promotion = self.set_at(stage, moment)
        return promotion.version if promotion else None

    def set_at(self, stage: str, moment: datetime) -> StageState | None:
        """The promotion that stood for the stage at `moment` (with its zone), or None."""
        for promotions in self._past(stage, moment):
            for promotion in reversed(promotions):
                at = time_of(promotion.at)
                if at is not None and at <= moment:
                    return promotion
        return None

    def _past(self, stage: str, moment: datetime) -> Iterator[list[StageState]]:
        """Promotions of the stage, newest first, but for pages that hold none so early."""
        yield self.past.get(stage, [])
        for page in reversed(self.past_pages):
            if page.stage == stage and page.earliest <= moment.timestamp():
                yield self.versions.library.rows(page, promotions_of)

    def part(self, digest: Digest) -> StoredPart | None:
        """Where the part lies, or None; those that no version named for long are looked up."""
        if digest in self.parts:
            return self.parts[digest]
        for page in reversed(self.part_pages):
            if found := self.versions.library.rows(page, parts_of).get(digest):
                return found
        return None

    def all_parts(self) -> Iterator[StoredPart]:
        """Every part that was stored, those of pages too; some may have been purged."""
        yield from self.parts.values()
        for page in reversed(self.part_pages):
            yield from self.versions.library.rows(page, parts_of).values()

    def approvers(
        self, version: str, stage: str, evidence: Digest, moment: datetime | None = None
    ) -> tuple[str, ...]:
        """Who approved this very evidence, each person once, where it has not expired.

        `moment` is that of the promotion; without it, the time of the log's newest record.
        """
        at = moment or time_of(self.at)
        given = self.approvals.get((version, stage), {}).values()
        return tuple(a.actor for a in given if a.evidence == evidence and not _expired(a, at))

    def reading(self, fetch: Fetch) -> State:
        """The same state, where pages that are not at hand are fetched."""
        return replace(self, versions=self.versions.reading(fetch))

    def copy(self) -> State:
        """The same state, sharing nothing that a fold could change."""
        return replace(
            self,
            entries=self.entries.copy(),
            void=self.void.copy(),
            ops=self.ops.copy(),
            claims=self.claims.copy(),
            attempts=self.attempts.copy(),
            versions=self.versions.copy(),
            parts=self.parts.copy(),
            dropped=self.dropped.copy(),
            stages=self.stages.copy(),
            past={stage: held.copy() for stage, held in self.past.items()},
            trails={stage: trail.copy() for stage, trail in self.trails.items()},
            requests=self.requests.copy(),
            approvals={place: given.copy() for place, given in self.approvals.items()},
            rejections=self.rejections.copy(),
        )


def promotions_of(page: bytes) -> list[StageState]:
    """The rows of a page of promotions, oldest first."""
    return _promotions.decode(page)


def parts_of(page: bytes) -> dict[Digest, StoredPart]:
    """The rows of a page of parts, by digest."""
    return {row.part.digest: row for row in _parts.decode(page)}


replace = msgspec.structs.replace
_promotions = msgspec.json.Decoder(list[StageState])
_parts = msgspec.json.Decoder(list[StoredPart])


def _expired(approval: Approve, moment: datetime | None) -> bool:
    if approval.expires is None:
        return False
    end = time_of(approval.expires)
    return end is None or moment is None or end <= moment
