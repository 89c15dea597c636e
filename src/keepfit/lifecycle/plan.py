"""Which models need retraining, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim

from keepfit.config.diff import bump as bump_of
from keepfit.config.diff import changes
from keepfit.data.files.fingerprint import fingerprint
from keepfit.digest import Digest, digest_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.releasing.release import was_released
from keepfit.lifecycle.took import last
from keepfit.records.base import Bump, Record
from keepfit.store.log.nouns import VersionState, time_of
from keepfit.store.log.state import State

Status = Literal["due", "fresh", "waits", "off"]


class Plan(Record, frozen=True, kw_only=True):
    """What `keepfit run` would do with a model."""

    model: str
    status: Status
    reasons: tuple[str, ...]
    bump: Bump | None = None  # the step to the next version
    since: str | None = None  # the newest version
    sources: Digest = ""  # of what the sources hold now
    seconds: float | None = None  # about how long it takes, from the last time on this machine
    anew: bool = False  # make another version even of the same rows, config and code
    asked: tuple[str, ...] = ()  # stages at which a version waits for a person's answer


def plan(model: Model, ports: Ports) -> Plan:
    """Whether one model is due, with the reasons in words. Writes nothing."""
    if not model.spec.schedule.retrain:
        return Plan(model=model.name, status="off", reasons=("schedule.retrain = false",))
    state = ports.registry.state(model.name)
    sources = digest_of(
        fingerprint(
            model.spec.data,
            model.root,
            ports.cache,
            holdout=model.spec.split.file,
            environ=ports.environ,
        )
    )
    newest = _newest(model, state)
    if newest is None:
        return Plan(
            model=model.name,
            status="due",
            reasons=("never trained",),
            bump="patch",
            sources=sources,
        )
    return _since_newest(model, ports, state, newest, sources)


def _newest(model: Model, state: State) -> VersionState | None:
    """The newest of this branch, else of main and the stages: other branches hide nothing."""
    if model.branch and (own := state.newest_on(model.branch)):
        return own
    held = [state.versions[promotion.version] for promotion in state.stages.values()]
    main = [state.newest] if state.newest else []
    return max(held + main, key=lambda version: version.number, default=None)


def _since_newest(
    model: Model, ports: Ports, state: State, newest: VersionState, sources: Digest
) -> Plan:
    bump, reasons = _what_changed(model, ports, newest)
    reasons += _unfinished(model, state, newest)
    age = _age(model, newest, ports.clock())
    reasons += age
    quiet: list[str] = []  # what is new and yet no reason
    if sources != newest.sources:
        from keepfit.lifecycle.news import news_since

        news = news_since(model, ports, newest)
        (reasons if news.due(model) else quiet).append(news.text())
    status, when = _status(model, newest, ports.clock(), due=bool(reasons))
    nothing = f"nothing changed since {newest.name.number}"
    return Plan(
        model=model.name,
        status=status,
        reasons=tuple(when + (reasons or quiet or [nothing])),
        bump=bump if reasons else None,
        since=newest.version,
        sources=sources,
        seconds=last(model),
        anew=bool(age),
        asked=tuple(request.stage for request in state.requests.values()),
    )


def _what_changed(model: Model, ports: Ports, newest: VersionState) -> tuple[Bump, list[str]]:
    """The step that changes of config and code ask for, and each change in words."""
    bump: Bump = "patch"
    reasons: list[str] = []
    now = dict(model.resolved)
    if newest.config != model.training:
        before = ports.registry.manifest(model.name, newest.version).config
        bump = bump_of(before, now)
        reasons += [f"{change} ({bump} version)" for change in changes(before, now)]
    if newest.code != model.code.digest:
        before_code = ports.registry.manifest(model.name, newest.version).recipe.code
        bump = "major" if bump == "major" else "minor"
        for what, was, is_now in (
            ("code", before_code.files, model.code.files),
            ("embeddings", before_code.assets, model.code.assets),
        ):
            if touched := sorted({path for path, _ in was.items() ^ is_now.items()}):
                reasons.append(f"{what} changed: {', '.join(touched)} ({bump} version)")
    return bump, reasons


def _unfinished(model: Model, state: State, newest: VersionState) -> list[str]:
    """Whether a run ended between the version's publication and its first stage."""
    number = newest.name.number
    if not newest.verdicts:
        return [f"{number} was published but not judged: the run was interrupted"]
    released = was_released(state, newest.version, model.stages[0])
    if newest.verdicts[-1].outcome == "pass" and not released:
        return [f"{number} passed but was not released: the run was interrupted"]
    return []


def _age(model: Model, newest: VersionState, now: datetime) -> list[str]:
    limit, born = model.spec.schedule.max_age, time_of(newest.at)
    if limit is None or born is None or limit.after(born) > now:
        return []
    return [f"{newest.name.number} is {(now - born).days} days old; max_age = {limit}"]


def _status(
    model: Model, newest: VersionState, now: datetime, *, due: bool
) -> tuple[Status, list[str]]:
    """Whether what is due may run now, by the schedule's times."""
    schedule = model.spec.schedule
    if not due:
        return "fresh", []
    born = time_of(newest.at)
    if schedule.cron is None or born is None:
        return "due", []
    following = next(CronSim(schedule.cron, born.astimezone(ZoneInfo(schedule.timezone))))
    if following.astimezone(UTC) <= now:
        return "due", []
    return "waits", [f"until {following:%Y-%m-%d %H:%M} {schedule.timezone} (schedule.cron)"]
