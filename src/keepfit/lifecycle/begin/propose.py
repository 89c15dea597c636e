"""What `keepfit.toml` should say of a table that nobody has described yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from keepfit.errors import UserError
from keepfit.lifecycle.begin.features import codes_of, key_of, sort_out, time_of
from keepfit.lifecycle.begin.look import Look, look_at
from keepfit.lifecycle.begin.moments import holdout_by_time, parts_of
from keepfit.lifecycle.begin.target import choose_target


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model for a table, each choice with its reason."""

    table: Path  # the file that was looked at
    rows: int
    target: str
    why_target: str
    kind: str  # ridge or logistic
    why_kind: str
    features: tuple[str, ...]  # columns and derived ones
    left_out: dict[str, str]  # column -> why the model does not learn from it
    holdout: str | float  # a span at the end of time, or a share of the rows
    metric: str
    key: str | None = None
    time: str | None = None
    by_time: bool = False  # whether the holdout is the end of time
    types: dict[str, str] = field(default_factory=dict)  # columns to read as another type
    derive: dict[str, str] = field(default_factory=dict)  # name -> SQL
    categorical: tuple[str, ...] = ()  # features that are codes although they are numbers


def propose(table: Path, *, target: str | None = None) -> Proposal:
    """
    The model that the columns of a CSV, JSON lines or Parquet file suggest.

    Raises UnknownName where there is no column `target`, UserError where the table is not one that
    anything could learn from, SourceError where it cannot be read.
    """
    look = look_at(table)
    choice = choose_target(look, target)
    time, key = time_of(look, choice.column), key_of(look, choice.column)
    columns, left_out = sort_out(look, choice, {choice.column, time, key})
    parts = _new(parts_of(look, time), look) if time else {}
    features = (*columns, *parts)
    if not features:
        raise UserError(f"{table} has no column to learn `{choice.column}` from: {_told(left_out)}")
    holdout = holdout_by_time(look, time) if time else None
    return Proposal(
        table=table,
        rows=look.rows,
        target=choice.column,
        why_target=choice.why,
        kind=choice.kind,
        why_kind=choice.why_kind,
        features=features,
        left_out=left_out,
        holdout=holdout or 0.2,
        metric="mae" if choice.kind == "ridge" else "log_loss",
        key=key,
        time=time,
        by_time=holdout is not None,
        types={choice.column: choice.cast} if choice.cast else {},
        derive=parts,
        categorical=(*codes_of(look, tuple(columns)), *parts),
    )


def _new(parts: dict[str, str], look: Look) -> dict[str, str]:
    return {name: sql for name, sql in parts.items() if name not in look.columns}


def _told(left_out: dict[str, str]) -> str:
    if not left_out:
        return "there is no other"
    return "; ".join(f"`{name}` {reason}" for name, reason in left_out.items())
