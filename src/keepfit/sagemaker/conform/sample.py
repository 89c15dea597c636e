"""What a container is tried on: rows to learn from, rows to predict, and what must come out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keepfit.errors import Problem, SourceError, UserError
from keepfit.sagemaker.settings_file import object_of

DECISIONS = {"kind": "sklearn", "estimator": "sklearn.tree.DecisionTreeClassifier"}
# A real request of a public sample: commas before closing brackets are no JSON.
MALFORMED = '{\n  "instances": [\n    {"x1": 1.0, "x2": 2.0,},\n  ],\n}\n'
_LABELS = ("ash", "birch", "cedar")
_EACH = 60  # rows a label


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with labels first, rows without, and settings to learn with."""

    rows: tuple[tuple[str, ...], ...]  # the label, then the features
    payload: str  # CSV without a row of names
    expected: tuple[str, ...]  # the label of each row of the payload
    hyperparameters: Mapping[str, str]
    malformed: str = MALFORMED

    @property
    def lines(self) -> list[str]:
        """The rows of the payload."""
        return self.payload.splitlines()

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label, once."""
        return tuple(dict.fromkeys(row[0] for row in self.rows))

    @property
    def width(self) -> int:
        """How many features a row has."""
        return len(self.rows[0]) - 1

    def csv(self, label: str | None = None) -> str:
        """The rows to learn from as CSV, or those of one label."""
        wanted = (row for row in self.rows if label in (None, row[0]))
        return "".join(",".join(row) + "\n" for row in wanted)


def own_sample() -> Sample:
    """Three kinds of trees. One in twelve looks like another, or it were too good."""
    rows = []
    for i in range(3 * _EACH):
        kind = i % 3
        looks = (kind + 1) % 3 if i % 12 == 5 else kind
        step = i * 7 % 13 / 10
        numbers = (1 + 3 * looks + step, 9 - 2 * looks + step / 3, i * 5 % 7, i * 11 % 17)
        rows.append((_LABELS[kind], *(f"{number:.3f}" for number in numbers)))
    plain = [row for i, row in enumerate(rows) if i % 12 != 5][:30]
    payload = "".join(",".join(f"{float(x):.18e}" for x in row[1:]) + "\n" for row in plain)
    # leaves of ten rows, whichever of them are held out: none is of a row that looks like another
    settings = DECISIONS | {"min_samples_leaf": "10"}
    return Sample(tuple(rows), payload, tuple(row[0] for row in plain), settings)


def sample_of(
    rows: Path, payload: Path, hyperparameters: Path | None, malformed: Path | None
) -> Sample:
    """A sample of files. Every row of the payload must be one of the rows to learn from: what it
    is there, is what must come out."""
    learned = tuple(tuple(row) for row in csv.reader(_text(rows).splitlines()) if row)
    text = _text(payload)
    known = {tuple(map(float, row[1:])): row[0] for row in learned}
    expected = []
    for number, line in enumerate(csv.reader(text.splitlines()), 1):
        label = known.get(tuple(map(float, line)))
        if label is None:
            raise UserError(
                f"{payload}: row {number} is none of {rows}, so nobody knows what must come out"
            )
        expected.append(label)
    settings = settings_in(hyperparameters) if hyperparameters else DECISIONS
    bad = _text(malformed) if malformed else MALFORMED
    return Sample(learned, text, tuple(expected), settings, bad)


def settings_in(file: Path) -> dict[str, str]:
    """The hyperparameters of a file; UserError where they are none."""
    problems: list[Problem] = []
    found = object_of(file, problems)
    if problems or not all(isinstance(value, str) for value in found.values()):
        wrong = str(problems[0]) if problems else f"{file} holds values that are no texts"
        raise UserError(wrong, hint='expected an object of texts: {"max_depth": "3"}')
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
