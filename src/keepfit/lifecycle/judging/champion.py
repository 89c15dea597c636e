"""The version to beat."""

from __future__ import annotations

from dataclasses import dataclass

from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import Opened, open_version
from keepfit.lifecycle.releasing.trust import vouched
from keepfit.records.rows import Finding
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.registry import Registry


def champion_of(model: Model, state: State) -> VersionState | None:
    """What the last stage points at, else the stage before it, and so on; None: nothing yet."""
    for stage in reversed(model.stages):
        if held := state.stages.get(stage):
            return state.versions[held.version]
    return None


@dataclass(frozen=True, slots=True)
class Defence:
    """What a challenger meets: the version to beat, or the reason why there is none."""

    champion: Opened | None
    findings: tuple[Finding, ...] = ()  # what a person must look at for it


def champion_for(model: Model, registry: Registry) -> Defence:
    """What stands against a challenger of the model as the file declares it now.

    NotApproved where it stands in a stage for which nobody vouches, and the project asks for it.
    """
    best = champion_of(model, _vouched(model, registry))
    opened = open_rival(model, registry, best) if best else None
    if best is None:
        return Defence(None)
    if opened:
        return Defence(opened, _cleaned_otherwise(model, opened))
    message = f"{best.version} predicts another target than `{model.spec.target}`: nothing compares"
    return Defence(None, (Finding(check="target", severity="warn", message=message),))


def _cleaned_otherwise(model: Model, champion: Opened) -> tuple[Finding, ...]:
    """That rows judge no more which did when the champion was judged: hard ones may be among them,
    and the fewer there are, the better both sides look."""
    before = champion.spec.data.clean
    new = [name for name, rule in model.spec.data.clean.items() if before.get(name) != rule]
    if not new:
        return ()
    rules = f"rule `{new[0]}` is" if len(new) == 1 else f"rules `{'`, `'.join(new)}` are"
    message = (
        f"the clean {rules} not as in {champion.state.version}: the rows that would be removed "
        "for it judge neither of the two"
    )
    return (Finding(check="clean", severity="warn", message=message),)


def open_champion(model: Model, registry: Registry) -> Opened | None:
    """The version to beat, loaded; None: nothing yet, or it predicts another target.

    NotApproved as for `champion_for`.
    """
    best = champion_of(model, _vouched(model, registry))
    return open_rival(model, registry, best) if best else None


def _vouched(model: Model, registry: Registry) -> State:
    """The model's state, once each of its stages was looked at."""
    return vouched(model.trust, registry, *model.stages)


def open_rival(model: Model, registry: Registry, version: VersionState) -> Opened | None:
    """The version, loaded; None where it predicts another target: no rows can compare the two."""
    opened = open_version(registry, model.name, version, model.root)
    return opened if opened.spec.target == model.spec.target else None
