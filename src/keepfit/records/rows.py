"""Rows: what was read, what was left out, how they were cut."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.records.base import Record, Severity


class Column(Record, frozen=True, kw_only=True):
    """A column by name and type."""

    name: str
    dtype: str  # as polars prints it: Float64, String, Datetime(time_unit='us', time_zone=None)


class Part(Record, frozen=True, kw_only=True):
    """One immutable file of rows, as it was read from a source."""

    source: str  # the source's name in the file; "rows" where there is one
    uri: str  # where it came from, without credentials; relative to the project if below it
    digest: Digest  # of the bytes
    size: int  # bytes
    format: str  # csv, jsonl, parquet
    compression: str = ""  # gz, zst, or nothing
    rows: int
    columns: tuple[Column, ...]
    time_from: str | None = None  # ISO time of the oldest row, where the source has the time column
    time_to: str | None = None  # and of the newest
    time: str | None = None  # the column those two are of
    frequency: str | None = None  # of series, as the file of models said it when it was read
    types: dict[str, str] = {}  # what the file of models said of its columns when it was read
    zeros: dict[str, str] = {}  # a value that begins with 0, by column that was read as numbers


class Snapshot(Record, frozen=True, kw_only=True):
    """The exact rows a run saw: frozen, named by digest."""

    digest: Digest  # of all that follows but the counts
    parts: tuple[Part, ...]
    since: str | None = None  # rows older than this were left out (window); ISO time
    until: str | None = None  # rows of this moment or later were left out (as-of); ISO time
    rows: int  # after `since` and `until`; of the first source where a query joins several
    time_from: str | None = None
    time_to: str | None = None


class Removal(Record, frozen=True, kw_only=True):
    """What one clean rule took out of the training rows."""

    rule: str  # its name
    condition: str  # SQL; rows for which it is not true are removed
    rows: int
    examples: tuple[dict[str, str], ...] = ()  # up to three removed rows


class Finding(Record, frozen=True, kw_only=True):
    """What a check of the data found."""

    check: str  # schema, nulls, unique, ranges, freshness, rows, series, labels, zeros, clean
    severity: Severity
    message: str  # place, value, what was expected
    column: str | None = None
    rows: int = 0  # how many rows are bad


class SplitReport(Record, frozen=True, kw_only=True):
    """How the snapshot was cut, in counts and digests of row keys."""

    by: str  # time, random, group, column, file
    train: int
    validation: int
    holdout: int
    unlabelled: int  # rows with a null target, kept out of all three
    train_digest: Digest  # of the sorted row-key hashes
    holdout_digest: Digest
    cut: str | None = None  # ISO time at which the holdout begins, for a split by time
    holdout_from: str | None = None
    holdout_to: str | None = None
    shared: int = 0  # training rows left out because a holdout row has the same key
    known: int = 0  # training rows left out because the model that this goes on from has had them
    unasked: int = 0  # of the end of time, steps that no forecast at a cut-off reached
    before: int = 0  # rows that that model has learned from, of this snapshot and of earlier ones
