"""A search under way: trials one after the other, kept as they come, stopped by whoever wants."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from pydantic import ValidationError

from keepfit.config.lines import dotted
from keepfit.config.wording import in_plain_words
from keepfit.data.splitting.folds import Fold, fewer
from keepfit.decide.words import figures
from keepfit.errors import KeepfitError, UserError
from keepfit.evaluate.sample import NotMeasurable
from keepfit.kinds.base import Params
from keepfit.lifecycle.judging.score import over_rows
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.tune.bench import Bench, Judged
from keepfit.lifecycle.tune.kept import Kept
from keepfit.lifecycle.tune.records import FoldScore, Trial
from keepfit.lifecycle.tune.searches import SEARCHES, Candidate, Search, Wanted, planned, runs

Stopped = Literal["", "by hand", "timeout"]


@dataclass(slots=True)
class Work:
    """A search under way."""

    bench: Bench
    wanted: Wanted
    kept: Kept
    now: Callable[[], float]
    base: list[Judged] = field(default_factory=list)  # the file's own params on each fold
    spent: float = 0.0  # seconds on `shares` trainings, counted in whole ones
    shares: float = 0.0

    def done(self) -> tuple[tuple[Trial, ...], Stopped]:
        """Every trial, and what stopped it."""
        begun, limit = self.now(), self.bench.model.spec.tune.timeout
        trials: list[Trial] = [*self.kept.trials[:1]]
        try:
            if not trials:
                trials.append(self._keep(self._of_the_file()))
            search = SEARCHES[self.bench.model.spec.tune.search](self.wanted)
            candidate = next(search, None)
            while candidate is not None:
                number = len(trials)
                if number < len(self.kept.trials):
                    trials.append(self.kept.trials[number])
                elif limit is not None and self.now() - begun > limit:
                    return tuple(trials), "timeout"
                else:
                    trials.append(self._keep(self._tried(number, candidate, trials)))
                candidate = _following(search, trials[-1])
        except KeyboardInterrupt:
            if not trials:
                raise
            return tuple(trials), "by hand"
        return tuple(trials), ""

    def _keep(self, trial: Trial) -> Trial:
        self.kept.add(trial)
        return trial

    def _of_the_file(self) -> Trial:
        """What the file's params do; what goes wrong with them is raised."""
        self._learn_base()
        return _scored(0, Candidate(self.wanted.base), self.base)

    def _learn_base(self) -> None:
        if not self.base:
            self.bench.warm_up()
            params = self.bench.model.spec.params
            self.base = list(self._timed(params, self.bench.folds, 1.0, "the file's params"))

    def _tried(self, number: int, candidate: Candidate, before: list[Trial]) -> Trial:
        bench = self.bench
        try:
            params = _valid(bench.model, candidate.params)
            self._learn_base()
            folds = [self._share_of(fold, candidate.share) for fold in bench.folds]
            judged = list(self._timed(params, folds, candidate.share, self._told(number, before)))
        except KeepfitError as error:
            return Trial(
                number=number,
                params=candidate.params,
                outcome="refused",
                share=candidate.share,
                reason=str(error),
            )
        trial = _scored(number, candidate, judged)
        return trial if candidate.share < 1 else self._against_base(trial, judged)

    def _against_base(self, trial: Trial, judged: list[Judged]) -> Trial:
        """The trial with its gain, and where it is one, with the interval around it."""
        bench, change = self.bench, msgspec.structs.replace
        gain = bench.metric.gain(trial.score or 0.0, _mean(self.base) or 0.0)
        trial = change(trial, gain=gain)
        if gain <= 0:
            return trial
        confidence = 1 - (1 - bench.model.spec.gate.confidence) / planned(
            bench.model.spec.tune.search, self.wanted
        )
        try:
            luck = bench.gains(judged, self.base, bench.folds, confidence)
        except NotMeasurable as error:
            return change(trial, reason=f"no interval: {error}")
        return change(trial, low=min(luck.low, gain), high=max(luck.high, gain))

    def _share_of(self, fold: Fold, share: float) -> Fold:
        if share == 1:
            return fold
        rows = max(1, round(int(fold.train.sum()) * share))
        return fewer(fold, self.bench.units, rows, self.bench.seed)

    def _timed(
        self, params: dict[str, Any], folds: Sequence[Fold], share: float, told: str
    ) -> Iterator[Judged]:
        """What is judged on each fold, telling how far it is."""
        say, name = self.bench.ports.say, self.bench.model.name
        begun = self.now()
        say(name, f"{told}, fold 1 of {len(folds)}")
        for number, judged in enumerate(self.bench.judged(params, folds), 2):
            yield judged
            if number <= len(folds):
                say(name, f"{told}, fold {number} of {len(folds)}")
        self.spent += self.now() - begun
        self.shares += share

    def _told(self, number: int, before: list[Trial]) -> str:
        """Where the search is, the best so far, and about how long it will take."""
        count = runs(self.bench.model.spec.tune.search, self.wanted)
        scores = [one.score for one in before if one.score is not None and one.share == 1]
        best = min(scores) if self.wanted.lower else max(scores)
        (shown,) = figures(best, apart=abs(best) / 100)
        left = (count + 1 - number) * self.spent / self.shares if self.shares else 0.0
        time = f", about {_span(left)} left" if left else ""
        return f"trial {number} of {count}, best {self.bench.metric.name} {shown}{time}"


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def _following(search: Search, trial: Trial) -> Candidate | None:
    try:
        candidate: Candidate = search.send(trial)
    except StopIteration:
        return None
    return candidate


def _scored(number: int, candidate: Candidate, judged: list[Judged]) -> Trial:
    scores = [one.score for one in judged]
    return Trial(
        number=number,
        params=candidate.params,
        outcome="scored",
        share=candidate.share,
        folds=tuple(
            FoldScore(
                learned=one.learned, judged=one.sample.size, score=one.score, seconds=one.seconds
            )
            for one in judged
        ),
        score=_mean(judged),
        spread=statistics.stdev(scores) if len(scores) > 1 else None,
    )


def _mean(judged: list[Judged]) -> float | None:
    return over_rows((one.score, one.sample.size) for one in judged)


def _valid(model: Model, searched: Mapping[str, Any]) -> dict[str, Any]:
    """The file's params with others in their place, checked by the kind; UserError with why not."""
    table, kind = {**model.spec.params, **searched}, type(model.params)
    try:
        checked: Params = kind.model_validate(table)
    except ValidationError as error:
        raise UserError("; ".join(_words(error, kind, table))) from error
    return checked.model_dump(mode="json", by_alias=True)


def _words(error: ValidationError, kind: type[Params], table: dict[str, Any]) -> Iterator[str]:
    for wrong in in_plain_words(error, kind, table):
        yield f"{dotted(('params', *wrong.path))} {wrong.message}"
