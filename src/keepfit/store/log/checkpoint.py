"""A state as bytes and back, so that a log need not be read from its first record.

Every checkpoint of the same record has the same bytes. All of it is told by the log too.
"""

from __future__ import annotations

import gzip
import zlib

import msgspec

from keepfit.digest import Digest, canonical
from keepfit.store.log.events import Approve, Promote, Reject, Request
from keepfit.store.log.nouns import Attempt, Claim, StoredPart, VersionState
from keepfit.store.log.pages import Library, Page, pack
from keepfit.store.log.shelf import VersionPage, Versions
from keepfit.store.log.state import PastPage, State

FORMAT = 1  # of checkpoints: one of another format is as good as none


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """What a state has at hand, and the names of its pages."""

    format: int
    next: int
    head: Digest  # of record next - 1
    at: str
    highest: str
    void: list[tuple[int, str]]
    ops: list[tuple[str, int]]
    claims: list[Claim]
    attempts: list[tuple[str, Attempt]]
    versions: list[VersionState]
    version_pages: tuple[VersionPage, ...]
    parts: list[StoredPart]
    part_pages: tuple[Page, ...]
    dropped: list[tuple[str, Digest, int]]
    past: list[list[Promote]]
    past_pages: tuple[PastPage, ...]
    trails: dict[str, list[str]]
    requests: list[Request]
    approvals: list[Approve]
    rejections: list[Reject]


_decoder = msgspec.json.Decoder(Core)


def encode(state: State, head: Digest) -> bytes:
    """The checkpoint of a state that is not empty; `head` is the digest of its newest record."""
    core = Core(
        format=FORMAT,
        next=state.next,
        head=head,
        at=state.at,
        highest=state.highest,
        void=list(state.void.items()),
        ops=list(state.ops.items()),
        claims=list(state.claims.values()),
        attempts=list(state.attempts.items()),
        versions=list(state.versions.recent.values()),
        version_pages=state.versions.pages,
        parts=list(state.parts.values()),
        part_pages=state.part_pages,
        dropped=[(*copy, seq) for copy, seq in state.dropped.items()],
        past=list(state.past.values()),
        past_pages=state.past_pages,
        trails=state.trails,
        requests=list(state.requests.values()),
        approvals=[a for given in state.approvals.values() for a in given.values()],
        rejections=state.rejections,
    )
    return pack(canonical(core))


def decode(data: bytes, *, seq: int) -> tuple[State, Digest] | None:
    """The state after record `seq` and that record's digest; None where the bytes tell neither."""
    try:
        core = _decoder.decode(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if core.format != FORMAT or core.next != seq + 1:
        return None
    return _state(core), core.head


def _state(core: Core) -> State:
    recent = {row.version: row for row in core.versions}
    past = {held[0].stage: held for held in core.past}
    approvals: dict[tuple[str, str], dict[str, Approve]] = {}
    for given in core.approvals:
        approvals.setdefault((given.version, given.stage), {})[given.actor] = given
    return State(
        next=core.next,
        at=core.at,
        highest=core.highest,
        void=dict(core.void),
        ops=dict(core.ops),
        claims={claim.op: claim for claim in core.claims},
        attempts=dict(core.attempts),
        versions=Versions(recent, core.version_pages, Library()),
        parts={stored.part.digest: stored for stored in core.parts},
        part_pages=core.part_pages,
        dropped={(attempt, digest): seq for attempt, digest, seq in core.dropped},
        stages={stage: held[-1] for stage, held in past.items()},
        past=past,
        past_pages=core.past_pages,
        trails=core.trails,
        requests={(asked.version, asked.stage): asked for asked in core.requests},
        approvals=approvals,
        rejections=core.rejections,
    )


def pages_of(state: State) -> tuple[Page, ...]:
    """Every page that the state names."""
    return (*state.versions.pages, *state.part_pages, *state.past_pages)
