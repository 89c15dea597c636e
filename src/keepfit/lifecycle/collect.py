"""What of a model's versions is kept, and the removal of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from keepfit.config.schema.release import Keep
from keepfit.digest import digest_of
from keepfit.kinds.texts.folder import EMBEDDINGS
from keepfit.lifecycle.open import KEYS, MODEL, VALIDATED
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.registry import Registry
from keepfit.store.upkeep.collect import Removed
from keepfit.store.upkeep.removal import Recipes, Survey, Terms

PER_STAGE = 5  # versions that a stage held before: where rollbacks lead


@dataclass(frozen=True, slots=True)
class Rules:
    """Why versions stay."""

    keep: Keep  # what the model's table says
    branches: frozenset[str] | None = None  # of git; None: nobody knows, so all of them live
    against: tuple[str, ...] = ()  # versions that rules of the gate name


def survey(registry: Registry, model: str, rules: Rules) -> Survey:
    """What a collection would remove of the model, and what stays and why. Writes nothing."""
    kept = partial(why_kept, rules=rules)
    span = rules.keep.recipes
    recipes = Recipes(made_again, span.after) if span else None
    young = timedelta(days=rules.keep.days)
    return registry.survey(model, Terms(kept=kept, young=young, recipes=recipes))


def made_again(path: str) -> bool:
    """Whether a rebuild makes that file of a version again, so that its recipe needs it not."""
    if path.startswith(MODEL + EMBEDDINGS):  # what it learned with, not what it learned
        return False
    return path.startswith(MODEL) or path in (KEYS, VALIDATED)


def collect(registry: Registry, seen: Survey, *, op: str | None = None) -> Iterator[Removed]:
    """Carry out what was surveyed, one thing after the other."""
    for removal in seen.removals:
        name = digest_of([removal.what, removal.name, removal.attempt, *removal.parts])
        yield registry.remove(seen, removal, op=op and f"{op}/{name}")


def why_kept(state: State, rules: Rules) -> Callable[[VersionState], str | None]:
    """A function from a live version to why it stays, whatever its age, or None."""
    newest = _newest_on_main(state, rules.keep.versions)
    used = dict(_used(state))

    def why(row: VersionState) -> str | None:
        if row.version in used:
            return used[row.version]
        if row.pinned is not None:
            return f"it is pinned: {row.pinned}" if row.pinned else "it is pinned"
        if any(_called(row.version, name) for name in rules.against):
            return "a rule of the gate is held against it"
        if row.version in newest:
            return f"it is one of the newest {rules.keep.versions}"
        if row.branch and (rules.branches is None or row.branch in rules.branches):
            return f"its branch {row.branch} is still there"
        return None

    return why


def _called(version: str, name: str) -> bool:
    """Whether a rule that names `1.4.2` or `1.4.2-aff1242` means the version."""
    return version == name or version.partition("-")[0] == name


def _newest_on_main(state: State, count: int) -> set[str]:
    newest = state.versions.top(count, lambda row: row.status == "live" and not row.branch)
    return {row.version for row in newest}


def _used(state: State) -> Iterator[tuple[str, str]]:
    """Versions that stages and open questions need; where several reasons hold, the best last."""
    for stage, past in state.past.items():
        held = dict.fromkeys(promotion.version for promotion in reversed(past))
        for version in islice(held, 1, 1 + PER_STAGE):
            yield version, f"{stage} held it before"
    for version, stage in state.requests:
        yield version, f"somebody is asked to let it into {stage}"
    for stage, promotion in state.stages.items():
        yield promotion.version, f"{stage} points at it"
