"""What a training with `train = "update"` goes on from: the champion, where it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepfit.config.diff import changes
from keepfit.errors import UserError
from keepfit.kinds import why_no_update
from keepfit.records.rows import Finding
from keepfit.records.training import Base

if TYPE_CHECKING:
    from keepfit.lifecycle.model import Model
    from keepfit.lifecycle.open import Opened
    from keepfit.train.job import Warm

WARM, WARM_KEYS = "warm/model/", "warm/rows.u64"  # in the folder of the version that went on

# Params that say what a model is; others only say how it learns.
_WHAT_IT_IS = {"loss", "quantile", "class_weight", "hidden", "embedding", "estimator", "class"}
# Keys that say which rows are learned from, and how; of others the champion may be another model.
_HOW = ("threads", "train", "split", "data.window", "data.clean")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a training begins, and what a person is told of it."""

    warm: Warm | None = None  # None: from scratch
    findings: tuple[Finding, ...] = ()


def beginning(model: Model, champion: Opened | None) -> Beginning:
    """Where the model's next training begins; UserError where its kind can never go on."""
    if model.spec.train != "update":
        return Beginning()
    check_update(model.spec.kind, model.params, model)
    if champion is None:
        return Beginning()
    if others := [*_others(model, champion)]:
        told = f"trained from scratch, not on from {champion.state.version}: {', '.join(others)}"
        return Beginning(None, (Finding(check="update", severity="note", message=told),))
    return Beginning(warm_of(champion))


def check_update(kind: str, params: Any, model: Model) -> None:
    """UserError, with what can, where the kind cannot go on from a model."""
    if why := why_no_update(kind, params, model.root):
        raise UserError(f"model.{model.name}.train {why}")


def warm_of(champion: Opened) -> Warm:
    """A version as a training takes it."""
    from keepfit.data.splitting.keys import fingerprint_bytes
    from keepfit.train.job import Warm

    candidate = champion.manifest.candidate
    return Warm(
        base=Base(version=champion.state.version, digest=candidate.digest),
        files=champion.predictor.fitted.save(),
        keys=fingerprint_bytes(champion.keys),
    )


def warm_files(warm: Warm | None) -> dict[str, bytes]:
    """What a version keeps of what it went on from, by path: so it can be made again for ever."""
    if warm is None:
        return {}
    return {WARM_KEYS: warm.keys, **{WARM + name: data for name, data in warm.files.items()}}


def warm_in(files: Mapping[str, bytes], base: Base | None) -> Warm | None:
    """The inverse, from the files of a version."""
    from keepfit.train.job import Warm

    if base is None:
        return None
    model = {p.removeprefix(WARM): data for p, data in files.items() if p.startswith(WARM)}
    return Warm(base=base, files=model, keys=files[WARM_KEYS])


def _others(model: Model, champion: Opened) -> Iterator[str]:
    """What makes the champion another model than the one that the file declares now."""
    for change in changes(champion.manifest.config, model.resolved):
        place, _, key = change.key.partition(".")
        how = any(f"{change.key}.".startswith(f"{each}.") for each in _HOW)
        if not (how or (place == "params" and key not in _WHAT_IT_IS)):
            yield str(change)
    if champion.manifest.recipe.code.digest != model.code.digest:
        yield "its code is another"
