"""That a comparison is honest."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.records.base import Record


class Witness(Record, frozen=True, kw_only=True):
    """What one side of a comparison had seen of the holdout, and how much of it it answered."""

    digest: Digest  # of the model's files
    fingerprint: Digest  # of the sorted hashes of the row keys that it learned from
    seen: int  # how many those are
    learned: int  # offered rows among them: learned from, or stopped early or tuned on
    validated: int | None  # of these, on how many it was stopped early or tuned; None: not known
    answers: int  # rows that it answered, of those judged on
    nulls: int  # of these, answers that are null or no number


class Certificate(Record, frozen=True, kw_only=True):
    """That a comparison is honest: two models, the same rows, and who had seen them before."""

    challenger: Witness
    champion: Witness | None = None
    offered: int  # holdout rows before any was left out
    offered_digest: Digest  # of their keys, in order
    trimmed: int  # rows left out because a side had learned from them
    rows: int  # rows judged on
    holdout: Digest  # of their keys, in order
    contents: Digest  # of what they hold in the columns that the challenger reads, and the target
    used: int | None = None  # judgements before this one, without a break, on the rows offered
    used_error: str | None = None  # why those could not be counted
