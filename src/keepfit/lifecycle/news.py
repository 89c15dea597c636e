"""What the sources hold that the newest version has not seen, and how the champion does on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from keepfit.lifecycle.judging.champion import open_champion
from keepfit.lifecycle.judging.score import gate_metric, judged_at, measured, worse_by
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.peek import Peek, look_at, ready_at
from keepfit.lifecycle.ports import Ports
from keepfit.records.rows import Snapshot
from keepfit.store.log.nouns import VersionState

_ONE_TICK = timedelta(microseconds=1)  # the finest that a time column tells


@dataclass(frozen=True, slots=True)
class News:
    """New rows since a version, and the champion on them."""

    rows: int
    since: str  # the newest version
    seen_to: str | None  # ISO time of the newest row that it saw
    restated: tuple[str, ...] = ()  # files of rows that it saw and that are others now, or gone
    known: int = 0  # of the new rows, those whose target is known and which nothing removes
    metric: str = ""
    then: float | None = None  # the champion's metric when it was judged
    now: float | None = None  # and on the new rows
    worse: float | None = None  # by this share

    def due(self, model: Model) -> bool:
        """Whether the schedule makes these rows a reason to retrain."""
        schedule = model.spec.schedule
        if not self.rows and self.restated:
            return True
        if self.known < schedule.min_new_rows:
            return False
        if schedule.decay is None or self.worse is None:
            return True
        return self.worse > schedule.decay

    def text(self) -> str:
        """The news in words, with the figures."""
        number = self.since.split("-", maxsplit=1)[0]
        if not self.rows and self.restated:
            return f"rows that {number} saw have changed: {_some(self.restated)}"
        seen = f" ({self.seen_to[:10]})" if self.seen_to else ""
        told = f"{self.rows:,} new row{'' if self.rows == 1 else 's'} since {number}{seen}"
        if self.rows and not self.known:
            return f"{told}, none of them to learn from"
        if self.then is None or self.now is None:
            return told
        return f"{told}; champion's {self.metric} {self.then:.4g} → {self.now:.4g} on them"


def news_since(model: Model, ports: Ports, newest: VersionState) -> News:
    """What is new since the newest version; the rows are read where they lie."""
    old = ports.registry.manifest(model.name, newest.version).recipe.snapshot
    snapshot, peek = _new_rows(model, ports, old)
    news = News(
        rows=snapshot.rows,
        since=newest.version,
        seen_to=old.time_to,
        restated=_restated(old, peek),
    )
    if not snapshot.rows:
        return news
    if {part.source for part in snapshot.parts} < model.spec.data.sources.keys():
        # A query joins new files of one source with all of another: nobody can tell its new rows.
        return replace(news, known=news.rows)
    ready = ready_at(model, snapshot, peek)
    news = replace(news, known=ready.rows.height - ready.unread)
    opened = open_champion(model, ports.registry)
    if opened is None or not news.known:
        return news
    metric = gate_metric(model)
    then = judged_at(ports.registry, model, opened)
    now = measured(model, opened.predictor, opened.manifest.candidate, ready)
    worse = worse_by(metric, then, now)
    return replace(news, metric=metric.name, then=then, now=now, worse=worse)


def _restated(old: Snapshot, peek: Peek) -> tuple[str, ...]:
    return tuple(part.uri for part in old.parts if part.digest not in peek.seen)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _new_rows(model: Model, ports: Ports, old: Snapshot) -> tuple[Snapshot, Peek]:
    """A snapshot of the rows after the newest that is known; without times, of the new files."""
    if old.time_to and model.spec.data.time:
        newest = datetime.fromisoformat(old.time_to)
        return look_at(model, ports, since=newest + _ONE_TICK)
    snapshot, peek = look_at(model, ports)
    known = {part.digest for part in old.parts}
    fresh = tuple(part for part in snapshot.parts if part.digest not in known)
    rows = sum(part.rows for part in fresh)
    return msgspec.structs.replace(snapshot, parts=fresh, rows=rows), peek
