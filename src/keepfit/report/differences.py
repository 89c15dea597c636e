"""What is otherwise than with the champion: config, rows, columns, and what the columns hold."""

from __future__ import annotations

import json
from typing import Any

from keepfit.config.diff import NOTHING, changes
from keepfit.records.exhibits import ColumnProfile, Profile
from keepfit.records.rows import Column
from keepfit.records.version import Manifest
from keepfit.report.facts import ConfigChange, Differences, Drift, Rows

FAR, MANY_NULLS = 0.25, 0.01  # from where on a drift is pointed at


def differences(
    ours: Manifest, champion: Manifest, profile: Profile | None, before: Profile | None
) -> Differences:
    """A version beside its champion; the drift of columns where both sides describe theirs."""
    now = {column.name: column for column in ours.candidate.schema}
    then = {column.name: column for column in champion.candidate.schema}
    return Differences(
        champion=champion.version,
        config=tuple(
            ConfigChange(key=change.key, old=_told(change.old), new=_told(change.new))
            for change in changes(champion.config, ours.config)
        ),
        rows=(_rows(ours), _rows(champion)),
        added=tuple(column for name, column in now.items() if name not in then),
        removed=tuple(column for name, column in then.items() if name not in now),
        retyped=_retyped(now, then),
        drift=_drifts(profile, before) if profile and before else (),
    )


def _told(value: Any) -> str:
    if value is NOTHING or value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(manifest: Manifest) -> Rows:
    snapshot, split = manifest.recipe.snapshot, manifest.candidate.split
    return Rows(
        version=manifest.version,
        rows=snapshot.rows,
        parts=len(snapshot.parts),
        train=split.train,
        holdout=split.holdout,
        time_from=snapshot.time_from,
        time_to=snapshot.time_to,
    )


def _retyped(now: dict[str, Column], then: dict[str, Column]) -> tuple[tuple[Column, Column], ...]:
    both = [(column, then[name]) for name, column in now.items() if name in then]
    return tuple((new, old) for new, old in both if new.dtype != old.dtype)


def _drifts(profile: Profile, before: Profile) -> tuple[Drift, ...]:
    now = {column.column: column for column in profile.columns}
    then = {column.column: column for column in before.columns}
    return tuple(
        _drift(name, now.get(name), then.get(name)) for name in dict.fromkeys([*now, *then])
    )


def _drift(name: str, now: ColumnProfile | None, then: ColumnProfile | None) -> Drift:
    if now is None or then is None:
        return Drift(column=name, now=now, then=then, notable=True)
    shift, nulls = _shift(now, then), now.nulls - then.nulls
    new, gone = _unknown_to(then, now), _unknown_to(now, then)
    far = shift is not None and abs(shift) > FAR
    return Drift(
        column=name,
        now=now,
        then=then,
        shift=shift,
        nulls=nulls,
        new=new,
        gone=gone,
        notable=far or abs(nulls) > MANY_NULLS or bool(new or gone),
    )


def _shift(now: ColumnProfile, then: ColumnProfile) -> float | None:
    """How far the mean has moved, in the champion's deviations; None where there are none."""
    if now.mean is None or then.mean is None or not then.deviation:
        return None
    return (now.mean - then.mean) / then.deviation


def _unknown_to(side: ColumnProfile, other: ColumnProfile) -> tuple[str, ...]:
    """Frequent values of `other` that are none of `side`, where all of `side` are known."""
    if side.distinct is None or len(side.levels) < side.distinct:
        return ()
    known = {level.value for level in side.levels}
    return tuple(level.value for level in other.levels if level.value not in known)
