"""The log once more, as plain as possible and without a line of the product's code: what each
record means, and what must hold after every single request to the store.

It is the oracle of the schedules. It never forgets, puts nothing on pages and has no checkpoints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


class Violation(Exception):
    """A promise of the registry is broken."""


@dataclass
class Spec:
    """What a log means, record by record."""

    ops: dict[str, int] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)  # claim -> version
    attempts: dict[str, list[str]] = field(default_factory=dict)  # -> [claim, status]
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    stages: dict[str, tuple[str, int]] = field(default_factory=dict)  # -> (version, seq)
    requests: dict[str, str] = field(default_factory=dict)  # stage -> version
    parts: dict[str, str] = field(default_factory=dict)  # digest -> attempt that holds it
    dropped: set[tuple[str, str]] = field(default_factory=set)  # (attempt, digest)
    numbers: list[tuple[int, ...]] = field(default_factory=list)
    without: frozenset[str] = frozenset()  # rules that are left out, to see that they are needed
    records: int = 0

    def take(self, data: bytes) -> bool:
        """Whether the next record counts; it then has its effect."""
        record = json.loads(data)
        seq, self.records = self.records, self.records + 1
        if record["op"] in self.ops:
            return False
        if not getattr(self, "_" + record["k"].replace("-", "_"))(record, seq):
            return False
        self.ops[record["op"]] = seq
        return True

    def _begin(self, r: dict[str, Any], _: int) -> bool:
        numbers = tuple(map(int, r["version"].partition("-")[0].split(".")))
        owned = self.claims.get(r["claim"])
        done = [r["claim"], "published"] in self.attempts.values()
        right = numbers == self._next(r["bump"]) if owned is None else owned == r["version"]
        if not right or done or r["attempt"] in self.attempts:
            return False
        for other in self.attempts.values():
            if other == [r["claim"], "open"]:
                other[1] = "aborted"
        if owned is None:
            self.numbers.append(numbers)
        self.claims[r["claim"]] = r["version"]
        self.attempts[r["attempt"]] = [r["claim"], "open"]
        return True

    def _next(self, bump: str) -> tuple[int, ...]:
        if not self.numbers:
            return (1, 0, 0)
        major, minor, patch = max(self.numbers)
        following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0)}
        return following.get(bump, (major, minor, patch + 1))

    def _abort(self, r: dict[str, Any], _: int) -> bool:
        if r.get("stray"):
            valid = r["attempt"] not in self.attempts
            self.attempts.setdefault(r["attempt"], ["", "aborted"])
            return valid
        attempt = self.attempts.get(r["attempt"], ["", ""])
        valid = attempt[1] == "open"
        if valid:
            attempt[1] = "aborted"
        return valid

    def _publish(self, r: dict[str, Any], _: int) -> bool:
        attempt = self.attempts.get(r["attempt"], ["", ""])
        over = attempt[1] == "aborted" and "dead attempts publish nothing" in self.without
        if not (attempt[1] == "open" or over) or not set(r["parts"]) <= set(self.parts):
            return False
        if attempt[0].startswith("restore "):
            return False
        attempt[1] = "published"
        version = self.claims[attempt[0]]
        if version in self.versions:
            raise Violation(f"{version} was published twice")
        facts = {"evidence": r["evidence"], "parts": r["parts"], "manifest": r["manifest"]}
        self.versions[version] = {
            "attempt": r["attempt"], "status": "live", "pinned": False, **facts
        }  # fmt: skip
        return True

    def _freeze(self, r: dict[str, Any], _: int) -> bool:
        if r["attempt"] in self.attempts:
            return False
        self.attempts[r["attempt"]] = ["", "published"]
        for part in r["parts"]:
            self.parts.setdefault(part["digest"], r["attempt"])
        return True

    def _live(self, version: str) -> bool:
        return self.versions.get(version, {}).get("status") == "live"

    def _verdict(self, r: dict[str, Any], _: int) -> bool:
        valid = self._live(r["version"])
        if valid:
            self.versions[r["version"]]["evidence"] = r["evidence"]
        return valid

    def _request(self, r: dict[str, Any], _: int) -> bool:
        valid = self._approve(r, 0)
        if valid:
            self.requests[r["stage"]] = r["version"]
        return valid

    def _approve(self, r: dict[str, Any], _: int) -> bool:
        live = self._live(r["version"])
        return live and self.versions[r["version"]]["evidence"] == r["evidence"]

    def _reject(self, r: dict[str, Any], _: int) -> bool:
        valid = self._live(r["version"]) and self.requests.get(r["stage"]) == r["version"]
        if valid:
            del self.requests[r["stage"]]
        return valid

    def _promote(self, r: dict[str, Any], seq: int) -> bool:
        found = self.stages.get(r["stage"], (None, None))[1]
        if not self._live(r["version"]) or found != r.get("expect"):
            return False
        self.stages[r["stage"]] = (r["version"], seq)
        if self.requests.get(r["stage"]) == r["version"]:
            del self.requests[r["stage"]]
        return True

    def _pin(self, r: dict[str, Any], _: int) -> bool:
        valid = self._live(r["version"])
        if valid:
            self.versions[r["version"]]["pinned"] = True
        return valid

    def _unpin(self, r: dict[str, Any], _: int) -> bool:
        held = self.versions.get(r["version"], {})
        valid = bool(held.get("pinned"))
        if valid:
            held["pinned"] = False
        return valid

    def _tombstone(self, r: dict[str, Any], _: int) -> bool:
        version = r["version"]
        staged = version in [held for held, _ in self.stages.values()]
        asked = version in self.requests.values()
        if "what a stage holds stays" in self.without:
            staged = False
        if not self._live(version) or staged or asked or self.versions[version]["pinned"]:
            return False
        return self._move(version, "live", "tombstoned")

    def _untombstone(self, r: dict[str, Any], _: int) -> bool:
        return self._move(r["version"], "tombstoned", "live")

    def _purge(self, r: dict[str, Any], _: int) -> bool:
        version = r["version"]
        valid = any(self._move(version, start, "purged") for start in ("tombstoned", "recipe"))
        if valid:
            self.versions[version]["gone"] = []
        return valid

    def _reduce(self, r: dict[str, Any], _: int) -> bool:
        valid = self._move(r["version"], "tombstoned", "recipe")
        if valid:
            self.versions[r["version"]]["gone"] = r["files"]
        return valid

    def _reopen(self, r: dict[str, Any], _: int) -> bool:
        held, restore = self.versions.get(r["version"], {}), f"restore {r['version']}"
        if held.get("status") != "recipe" or r["attempt"] in self.attempts:
            return False
        for other in self.attempts.values():
            if other == [restore, "open"]:
                other[1] = "aborted"
        self.attempts[r["attempt"]] = [restore, "open"]
        return True

    def _restore(self, r: dict[str, Any], _: int) -> bool:
        attempt = self.attempts.get(r["attempt"], ["", ""])
        over = attempt[1] == "aborted" and "dead attempts restore nothing" in self.without
        of, _, version = attempt[0].partition(" ")
        held = self.versions.get(version, {}) if of == "restore" else {}
        same = held.get("status") == "recipe" and held["manifest"] == r["manifest"]
        if not (attempt[1] == "open" or over) or not same:
            return False
        attempt[1] = "published"
        held.update(status="live", attempt=r["attempt"], gone=[])
        return True

    def _move(self, version: str, start: str, end: str) -> bool:
        held = self.versions.get(version, {})
        valid = held.get("status") == start
        if valid:
            held["status"] = end
        return valid

    def _tombstone_parts(self, r: dict[str, Any], _: int) -> bool:
        for held in self.versions.values():
            for digest in set(held["parts"]) & set(r["parts"]):
                other = self.parts.get(digest, r["attempt"]) != r["attempt"]
                if held["status"] != "purged" and not other:
                    return False
        for digest in r["parts"]:
            if self.parts.get(digest) == r["attempt"]:
                del self.parts[digest]
            self.dropped.add((r["attempt"], digest))
        return True

    def _purge_parts(self, r: dict[str, Any], _: int) -> bool:
        named = {(r["attempt"], digest) for digest in r["parts"]}
        if not named <= self.dropped:
            return False
        self.dropped -= named
        return True

    def disagreement(self, state: Any) -> str | None:
        """Where the product's state says something else, or None."""
        for what, ours, theirs in (
            ("claimed numbers", self.numbers[-1:], _numbers(state.highest)),
            (
                "versions",
                {v: _told(h) for v, h in self.versions.items()},
                {
                    h.version: (h.status, h.attempt, h.evidence, list(h.gone))
                    for h in _all(state.versions)
                },
            ),
            ("stages", self.stages, {s: (p.version, p.seq) for s, p in state.stages.items()}),
            ("requests", self.requests, {stage: version for version, stage in state.requests}),
            (
                "pins",
                self._pins(),
                {h.version for h in _all(state.versions) if h.pinned is not None},
            ),
            ("parts", self.parts, {p.part.digest: p.attempt for p in state.all_parts()}),
            (
                "attempts",
                {a: status for a, (_, status) in self.attempts.items() if a in state.attempts},
                {a: known.status for a, known in state.attempts.items()},
            ),
        ):
            if ours != theirs:
                return f"{what}: {ours} by the spec, {theirs} by the product"
        return None

    def _pins(self) -> set[str]:
        return {version for version, held in self.versions.items() if held["pinned"]}


def _told(held: dict[str, Any]) -> tuple[Any, ...]:
    return (held["status"], held["attempt"], held["evidence"], held.get("gone", []))


def _numbers(version: str) -> list[tuple[int, ...]]:
    return [tuple(map(int, version.partition("-")[0].split(".")))] if version else []


def _all(versions: Any) -> list[Any]:
    return list(versions.values())
