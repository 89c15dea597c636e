"""What a search found: every trial, and what to paste."""

from __future__ import annotations

from typing import Any, Literal

from keepfit.records.base import Record


class FoldScore(Record, frozen=True, kw_only=True):
    """One training, judged on rows that it has not learned from."""

    learned: int  # rows
    judged: int
    score: float
    seconds: float  # that fitting took


class Trial(Record, frozen=True, kw_only=True):
    """Some params on every fold."""

    number: int  # 0: the params of the file
    params: dict[str, Any]  # those that are searched
    outcome: Literal["scored", "refused"]
    share: float = 1.0  # of the rows that each fold learned from
    folds: tuple[FoldScore, ...] = ()
    score: float | None = None  # the mean over the folds, each row counted once
    spread: float | None = None  # the standard deviation over the folds
    gain: float | None = None  # how much better than the file's params, fold for fold
    low: float | None = None  # of the gain, widened for as many trials as there are
    high: float | None = None
    reason: str = ""  # why it was refused, or has no interval

    @property
    def seconds(self) -> float:
        """What its trainings took."""
        return sum(fold.seconds for fold in self.folds)


class Cut(Record, frozen=True, kw_only=True):
    """A fold in counts."""

    learned: int
    validation: int
    judged: int


class Tuned(Record, frozen=True, kw_only=True):
    """A search, as far as it went."""

    model: str
    metric: str
    better: Literal["higher", "lower"]
    search: str
    how: str  # by time, by group, at random
    rows: int  # that may be learned from
    cuts: tuple[Cut, ...]
    planned: int  # candidates, at most
    runs: int  # trials that this takes, at most
    confidence: float
    trials: tuple[Trial, ...]
    resumed: int = 0  # trials that an earlier call had done
    stopped: Literal["", "by hand", "timeout"] = ""
    best: int | None = None  # the trial that is better than the file's params, if one is
    toml: str = ""  # what to paste

    @property
    def baseline(self) -> Trial:
        """The file's own params."""
        return self.trials[0]

    @property
    def ranked(self) -> list[Trial]:
        """The candidates that learned from all rows, the best first; of equals the earlier one."""
        sign = 1 if self.better == "lower" else -1
        whole = [one for one in self.trials[1:] if one.score is not None and one.share == 1]
        return sorted(whole, key=lambda trial: sign * (trial.score or 0.0))
