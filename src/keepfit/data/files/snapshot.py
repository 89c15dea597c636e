"""A run freezes what it reads: the exact files of rows, by digest, and the time they span."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.fetch import fetch
from keepfit.data.files.parts import Parts
from keepfit.data.files.read import describe, missing_column, reading
from keepfit.data.files.rows import rows_of_source
from keepfit.data.files.sources import HOLDOUT, Found, digest_of_file, find_all, sources_of
from keepfit.data.files.statcache import StatCache
from keepfit.data.timeline import end_of, naive_utc
from keepfit.data.types.casts import moment
from keepfit.digest import Digest, digest_of
from keepfit.errors import DataRefused
from keepfit.records.rows import Part, Snapshot

Local = tuple[Part, Path]


def freeze(  # noqa: PLR0913 - one sentence: what, from where, to where, as of when
    spec: ModelSpec,
    root: Path,
    parts: Parts,
    *,
    until: datetime | None = None,
    environ: Mapping[str, str],
    cache: StatCache,
) -> Snapshot:
    """The rows that the model's sources hold, stored in `parts` and named by digest.

    `until` leaves out rows of that moment or later, and rows without a time: nobody can say that
    they are not of the future. `data.window` leaves out rows older than it, counted back from
    where the holdout begins (for a holdout that is no span: from the end of the newest day).
    Files wholly outside are no part of the snapshot.

    UserError for a source that names nothing or whose files disagree about their columns,
    SourceError for one that cannot be read, DataRefused where no rows remain.
    """
    found = find_all(sources_of(spec.data, spec.split.file), root)
    with _room_for(found) as folder:
        here = _fetched(found, spec, root, Path(folder), environ=environ)
        everything = _read_all(here, spec, cache, parts)
        bounds = _bounds(spec, [part for part, _ in everything], until)
        kept = [(part, path) for part, path in everything if _overlaps(part, bounds)]
        snapshot = _snapshot(spec, kept, bounds)
        if not snapshot.rows:
            raise _no_rows(spec, [part for part, _ in everything], bounds)
        parts.add(kept)
    return snapshot


def _room_for(found: Sequence[Found]) -> AbstractContextManager[str]:
    """A folder for what lies elsewhere; where nothing does, none is made."""
    distant = any(one.path is None for one in found)
    return tempfile.TemporaryDirectory() if distant else nullcontext("")


def _fetched(
    found: Sequence[Found], spec: ModelSpec, root: Path, folder: Path, *, environ: Mapping[str, str]
) -> list[Found]:
    here = [one for one in found if one.path]
    if distant := [one for one in found if one.path is None]:
        sources = sources_of(spec.data, spec.split.file)
        here += fetch(distant, sources, root, folder, environ=environ)
    return here


def _read_all(
    here: Sequence[Found], spec: ModelSpec, cache: StatCache, parts: Parts
) -> list[Local]:
    read = [_read(one, spec, cache, parts) for one in here]
    return sorted(read, key=lambda pair: (pair[0].source, pair[0].uri))


def _read(found: Found, spec: ModelSpec, cache: StatCache, parts: Parts) -> Local:
    path = found.path or Path(found.uri)
    part = Part(
        source=found.source,
        uri=found.uri,
        digest=digest_of_file(found, cache),
        size=path.stat().st_size,
        format=found.format,
        compression=found.compression,
        rows=0,
        columns=(),
        time=spec.data.time,
        types=spec.data.types,
        frequency=str(spec.series.frequency) if spec.series else None,
    )
    return _described(part, path, cache, parts), path


def _described(part: Part, path: Path, cache: StatCache, parts: Parts) -> Part:
    seen = cache.part(part) or parts.known(part.digest)
    if seen and _told(seen) == _told(part):
        return msgspec.structs.replace(seen, source=part.source, uri=part.uri)
    described = describe(part, path)
    cache.remember(described)
    return described


def _told(part: Part) -> tuple[object, ...]:
    """What the file of models says of it, on which what is read of it hangs."""
    return part.format, part.time, part.types, part.frequency


class _Bounds(msgspec.Struct, frozen=True):
    """Rows of this time are wanted: from `since` to before `until`; None: no bound."""

    since: datetime | None
    until: datetime | None


def _bounds(spec: ModelSpec, parts: Sequence[Part], until: datetime | None) -> _Bounds:
    ends = [part.time_to for part in parts if part.time_to and part.source != HOLDOUT]
    if until is None and spec.window is None:
        return _Bounds(None, None)
    _refuse_without_time(spec, parts)
    newest = max(map(datetime.fromisoformat, ends), default=None)
    end = naive_utc(until) if until else newest and end_of(newest)
    since = _since(spec, end) if end else None
    return _Bounds(since, naive_utc(until) if until else None)


def _since(spec: ModelSpec, end: datetime) -> datetime | None:
    if spec.window is None:
        return None
    holdout = spec.split.holdout
    return spec.window.before(end if isinstance(holdout, float) else holdout.before(end))


def _refuse_without_time(spec: ModelSpec, parts: Sequence[Part]) -> None:
    known = {column.name for part in parts for column in part.columns}
    if spec.data.time not in known:
        place = f"model.{spec.name}.data.time"
        raise missing_column(place, spec.data.time or "(none)", sorted(known))


def _overlaps(part: Part, bounds: _Bounds) -> bool:
    if part.time_from is None or part.time_to is None:
        return True
    early = bounds.since is not None and datetime.fromisoformat(part.time_to) < bounds.since
    late = bounds.until is not None and datetime.fromisoformat(part.time_from) >= bounds.until
    return not (late or (early and part.source != HOLDOUT))


def _snapshot(spec: ModelSpec, kept: Sequence[Local], bounds: _Bounds) -> Snapshot:
    parts = tuple(part for part, _ in kept)
    since, until = _iso(bounds.since), _iso(bounds.until)
    content = {
        "parts": sorted((part.source, part.digest) for part in parts),
        "since": since,
        "until": until,
        "time": spec.data.time if since or until else None,
        "query": spec.data.query,
        "types": spec.data.types,
    }
    draft = Snapshot(digest=digest_of(content), parts=parts, since=since, until=until, rows=0)
    paths = {part.digest: path for part, path in kept}
    rows, first, last = _span(draft, spec, paths.__getitem__)
    return msgspec.structs.replace(draft, rows=rows, time_from=first, time_to=last)


def _span(
    snapshot: Snapshot, spec: ModelSpec, path: Callable[[Digest], Path]
) -> tuple[int, str | None, str | None]:
    """(rows, oldest, newest) of the source that counts: the first with the time column, if any."""
    source = _main_source(snapshot, spec)
    if source is None:
        return 0, None, None
    parts = [part for part in snapshot.parts if part.source == source]
    if snapshot.since is None and snapshot.until is None:
        starts = [part.time_from for part in parts if part.time_from]
        ends = [part.time_to for part in parts if part.time_to]
        return sum(p.rows for p in parts), min(starts, default=None), max(ends, default=None)
    rows = rows_of_source(snapshot, source, spec.data, path)
    time = spec.data.time
    if time is None or time not in rows.collect_schema():
        return sum(p.rows for p in parts), None, None
    return _measure(rows, time, source)


def _measure(rows: pl.LazyFrame, time: str, source: str) -> tuple[int, str | None, str | None]:
    when = moment(time, rows.collect_schema()[time])
    facts = rows.select(pl.len().alias("n"), when.min().alias("a"), when.max().alias("b"))
    with reading(f"source `{source}`"):
        count, first, last = facts.collect(engine="streaming").row(0)
    return count, _iso(first), _iso(last)


def _main_source(snapshot: Snapshot, spec: ModelSpec) -> str | None:
    names = [name for name in spec.data.sources if any(p.source == name for p in snapshot.parts)]
    timed = [
        part.source
        for part in snapshot.parts
        if part.source in names and spec.data.time in {column.name for column in part.columns}
    ]
    return next((name for name in names if name in timed), names[0] if names else None)


def _no_rows(spec: ModelSpec, parts: Sequence[Part], bounds: _Bounds) -> DataRefused:
    starts = [part.time_from for part in parts if part.time_from]
    ends = [part.time_to for part in parts if part.time_to]
    there = (
        f"the sources span {min(starts)} to {max(ends)}" if starts and ends else "there are none"
    )
    span = " ".join(
        f"{word} {_iso(moment)}"
        for word, moment in (("from", bounds.since), ("before", bounds.until))
        if moment
    )
    return DataRefused(
        f"model `{spec.name}` has no rows{' ' if span else ''}{span}: {there}",
        hint="bring the rows, or choose another time or data.window",
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
