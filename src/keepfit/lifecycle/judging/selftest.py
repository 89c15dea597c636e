"""The gate put to the test: candidates that must be refused, judged by the code that judges all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import polars as pl

from keepfit.data.prepare import Prepared, prepare
from keepfit.data.splitting.keys import Keys
from keepfit.decide.approval import who_must_act
from keepfit.digest import Digest, digest_of
from keepfit.errors import NotComparable
from keepfit.evaluate.baseline import naive
from keepfit.evaluate.certificate import Precedent
from keepfit.evaluate.rules import Rival
from keepfit.kinds import learner
from keepfit.kinds.base import Fitted, Lesson, Prediction
from keepfit.lifecycle.judging.judgement import Contender, Ground, judged
from keepfit.lifecycle.judging.rivals import rivals_for
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.peek import look_at
from keepfit.lifecycle.ports import Ports
from keepfit.records.base import Record
from keepfit.records.comparison import Side
from keepfit.records.rows import Snapshot
from keepfit.records.training import Candidate
from keepfit.train.artifact import digests
from keepfit.train.predictor import Predictor


class Trial(Record, frozen=True, kw_only=True):
    """A candidate that was put before the gate, and what the gate said."""

    candidate: str
    refused: bool
    reason: str


class SelfTest(Record, frozen=True, kw_only=True):
    """What became of every sabotaged candidate of a model."""

    model: str
    rows: int  # of the holdout
    trials: tuple[Trial, ...]
    honest: Trial  # an honest model against a constant: a gate that refuses all proves nothing

    @property
    def let_through(self) -> tuple[str, ...]:
        """The sabotaged candidates that were not refused."""
        return tuple(trial.candidate for trial in self.trials if not trial.refused)


@dataclass(frozen=True, slots=True)
class Scene:
    """An honest model in the place of the champion, and the rows that judge."""

    model: Model
    prepared: Prepared
    ground: Ground
    candidate: Candidate
    champion: Contender
    rivals: dict[str, Rival]  # versions that rules name

    def posing(self, name: str, said: Prediction) -> Contender:
        """A candidate that says this, and claims to have learned what the champion has."""
        return replace(self.champion, side=Side(digest=_digest(name)), said=said)


def gate_test(model: Model, ports: Ports) -> SelfTest:
    """Every sabotaged candidate against an honest model on the rows that the sources hold now.

    Nothing is stored. What the gate refuses for another cause (benchmarks, checks of the data) is
    left out, so that it must find the sabotage itself. DataRefused where there is nothing to learn.
    """
    ports.say(model.name, "fitting an honest model")
    scene = _scene(_bare(model), ports)
    ports.say(model.name, "judging sabotaged candidates")
    constant = scene.posing("constant", _constant(scene))
    return SelfTest(
        model=model.name,
        rows=scene.ground.rows.height,
        trials=tuple(
            _trial(scene, name, make(scene), scene.champion) for name, make in SABOTAGED.items()
        ),
        honest=_trial(scene, "honest", scene.champion, constant),
    )


def _bare(model: Model) -> Model:
    return replace(model, spec=model.spec.model_copy(update={"benchmark": {}}))


def _scene(model: Model, ports: Ports) -> Scene:
    snapshot, peek = look_at(model, ports)
    prepared = prepare(
        snapshot, model.spec, peek.path, root=model.root, transform=model.transform()
    )
    ground = replace(Ground.holdout(prepared, model.spec), findings=())
    fitted = _fitted(model, prepared, lambda rows: rows)
    candidate = _candidate(model, prepared, snapshot, fitted)
    split = prepared.split
    champion = Contender(
        side=Side(digest=candidate.digest),
        keys=split.train_keys,
        validated=split.validation_keys,
        said=_said(model, candidate, ground, fitted),
        answers={},
    )
    rivals = rivals_for(model, ports.registry, ground)
    return Scene(model, prepared, ground, candidate, champion, rivals)


def _fitted(
    model: Model, prepared: Prepared, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> Fitted:
    """What the model's kind learns from the rows of the split, after a `change`."""
    spec, columns = model.spec, [*model.spec.reads, model.spec.target]
    lesson = Lesson(
        features=spec.features,
        target=spec.target,
        train=change(prepared.split.train.select(columns)),
        validation=change(prepared.split.validation.select(columns)),
        encode=spec.encode,
        series=spec.series,
        time=spec.data.time,
    )
    learns = learner(spec.kind, spec.fleet, model.root)
    return learns.fit(lesson, model.params, seed=spec.split.seed, threads=spec.threads)


def _candidate(model: Model, prepared: Prepared, snapshot: Snapshot, fitted: Fitted) -> Candidate:
    files = digests(fitted.save())
    return Candidate(
        model=model.name,
        kind=model.spec.kind,
        files=files,
        digest=digest_of(files),
        snapshot=snapshot.digest,
        split=prepared.split.report,
        schema=prepared.schema,
        classes=fitted.classes,
    )


def _said(model: Model, candidate: Candidate, ground: Ground, fitted: Fitted) -> Prediction:
    spec = model.spec
    predictor = Predictor(
        schema=candidate.schema,
        data=spec.data,
        transform=model.transform(),
        features=spec.features,
        fitted=fitted,
        target=spec.target,
        series=spec.series,
    )
    return ground.predicted(predictor)


def _trial(scene: Scene, name: str, challenger: Contender, champion: Contender) -> Trial:
    candidate = msgspec.structs.replace(scene.candidate, digest=challenger.side.digest)
    try:
        verdict = judged(
            scene.model,
            scene.ground,
            candidate,
            challenger,
            champion,
            precedent=Precedent(),
            rivals=scene.rivals,
        ).verdict
    except NotComparable as error:
        return Trial(candidate=name, refused=True, reason=str(error))
    refused = who_must_act(verdict, "auto") == "refuse"
    decisive = [r.text for r in verdict.reasons if r.outcome == verdict.outcome]
    return Trial(candidate=name, refused=refused, reason=decisive[0])


def _digest(name: str) -> Digest:
    return digest_of(f"a sabotaged candidate: {name}")


def _constant(scene: Scene) -> Prediction:
    learned = scene.prepared.split.train[scene.model.spec.target]
    return naive(learned, scene.ground.rows.height, scene.model.task)


def _shuffled(scene: Scene) -> Contender:
    """It learned from rows whose answers were dealt out anew."""
    model = scene.model
    target, seed = model.spec.target, model.spec.split.seed

    def deal(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(rows[target].shuffle(seed=seed))

    fitted = _fitted(model, scene.prepared, deal)
    said = _said(model, scene.candidate, scene.ground, fitted)
    return scene.posing("shuffled labels", said)


def _behind(scene: Scene) -> Contender:
    """It gives each row the answer of the row before."""
    said = scene.champion.said
    order = np.roll(np.arange(len(said.values)), 1)
    chances = None if said.probabilities is None else said.probabilities[order]
    return scene.posing(
        "last but one", Prediction(said.values.gather(order), chances, said.classes)
    )


def _knowing(scene: Scene) -> Contender:
    """It knows every answer."""
    truth = scene.ground.rows[scene.model.spec.target]
    classes = scene.champion.said.classes
    chances = None
    if classes:
        hits = [(truth == label).fill_null(False).to_numpy() for label in classes]
        chances = np.stack(hits, axis=1).astype(np.float64)
    return scene.posing("leaked target", Prediction(truth, chances, classes))


def _learned_by_heart(scene: Scene) -> Contender:
    """It knows every answer, for it learned from the holdout."""
    return _having_learned(scene, scene.ground.keys, _knowing(scene))


def _hidden(scene: Scene) -> Contender:
    """It learned from some of the holdout, which its split does not say."""
    return _having_learned(scene, scene.ground.keys[::3], _knowing(scene))


def _having_learned(scene: Scene, rows: Keys, made: Contender) -> Contender:
    return replace(made, keys=np.union1d(scene.champion.keys, rows))


def _wrong_units(scene: Scene) -> Contender:
    """Metres for kilometres; per cent for shares; the next label for the label."""
    said = scene.champion.said
    if not said.classes:
        return scene.posing("wrong units", Prediction(said.values * 1000))
    if said.probabilities is not None:
        percent = Prediction(said.values, said.probabilities * 100, said.classes)
        return scene.posing("wrong units", percent)
    following = dict(zip(said.classes, [*said.classes[1:], said.classes[0]], strict=True))
    labels = said.values.replace_strict(following, return_dtype=said.values.dtype)
    return scene.posing("wrong units", Prediction(labels, None, said.classes))


def _silent(scene: Scene) -> Contender:
    """It has no answer for the last row."""
    said = scene.champion.said
    values = said.values.to_frame("v").with_row_index("row")
    last = pl.when(pl.col("row") < len(said.values) - 1).then(pl.col("v")).alias("v")
    gone = values.select(last).to_series()
    return scene.posing("missing answer", Prediction(gone, said.probabilities, said.classes))


# What must never replace a champion; each is made from the model's own rows.
SABOTAGED: dict[str, Callable[[Scene], Contender]] = {
    "shuffled labels": _shuffled,
    "constant": lambda scene: scene.posing("constant", _constant(scene)),
    "last but one": _behind,
    "leaked target": _knowing,
    "learned holdout": _learned_by_heart,
    "hidden holdout": _hidden,
    "wrong units": _wrong_units,
    "missing answer": _silent,
    "the champion again": lambda scene: scene.champion,
    "the champion renamed": lambda scene: scene.posing("renamed", scene.champion.said),
}
