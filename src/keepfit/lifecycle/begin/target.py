"""Which column a table is probably kept for, and which family of models could predict it."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from keepfit.errors import UnknownName, UserError
from keepfit.lifecycle.begin.look import Facts, Look

MOST_CLASSES = 20

# In this order: names that say "this is the answer", then what people usually want to know.
_ANSWERS = ("target", "label", "y", "class", "outcome", "response", "species", "diagnosis")
_WISHES = (
    *("churn", "churned", "survived", "fraud", "is_fraud", "converted", "default", "defaulted"),
    *("price", "fare", "amount", "cost", "value", "sales", "revenue", "demand", "income", "salary"),
    *("rent", "quantity", "count", "duration", "consumption", "rating", "score"),
)
_SUFFIX = re.compile(
    r"_(target|label|class|outcome|price|fare|amount|cost|sales|revenue|duration)$"
)
_NAMES_THINGS = re.compile(r"(?i:^|[_ ])(?i:id|uuid|guid|key|nr|no)$|[a-z](ID|Id)$")


class Choice(NamedTuple):
    """A target, how to predict it, and why."""

    column: str
    why: str
    kind: str  # ridge or logistic
    why_kind: str
    cast: str | None = None  # the type to read it as, where the file's own would not do


def snake(name: str) -> str:
    """`name` in lower case, words joined by underscores: `totalAmount ($)` is `total_amount`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def names_things(name: str) -> bool:
    """Whether a column of that name tells things apart: `id`, `trip_id`, `tripId`, `key`."""
    return _NAMES_THINGS.search(name) is not None


def choose_target(look: Look, given: str | None) -> Choice:
    """The column to predict; UnknownName or UserError where `given`, or the table, has none."""
    if given is not None:
        if given not in look.columns:
            raise UnknownName("column", given, look.columns)
        return _described(look, look.columns[given], "as you said")
    possible = [facts for facts in look.columns.values() if _problem(look, facts) is None]
    if not possible:
        raise UserError(
            f"{look.path} has no column to predict: one that varies and holds numbers, "
            f"true and false, or 2 to {MOST_CLASSES} different texts",
            hint=f"name it with --target; there are: {', '.join(look.columns)}",
        )
    return _described(look, *_guess(possible))


def _guess(possible: list[Facts]) -> tuple[Facts, str]:
    by_name = {snake(facts.name): facts for facts in reversed(possible)}
    for wish in (*_ANSWERS, *_WISHES):
        if wish in by_name:
            return by_name[wish], "because of its name"
    for name, facts in reversed(by_name.items()):
        if _SUFFIX.search(name):
            return facts, "because of its name"
    numbers = [f for f in possible if f.nature == "number" and not names_things(f.name)]
    if numbers:
        return numbers[-1], "because it is the last column that holds numbers"
    return possible[-1], "because it is the last column that could be predicted"


def _problem(look: Look, facts: Facts) -> str | None:
    """Why nothing can learn to predict a column, or None if something can."""
    if facts.nature == "empty":
        return "has no values"
    if facts.nature in ("moment", "other"):
        return f"holds {facts.dtype}; expected numbers, true and false, or texts"
    if facts.distinct < 2:
        return "has no values" if not facts.distinct else "has the same value in every row"
    if facts.nature == "text" and facts.distinct > MOST_CLASSES:
        return (
            f"holds {facts.distinct:,} different texts; expected numbers, or at most {MOST_CLASSES}"
        )
    if names_things(facts.name) and facts.distinct == look.rows:
        return "names the rows; expected a quantity or a class"
    return None


def _described(look: Look, facts: Facts, why: str) -> Choice:
    if problem := _problem(look, facts):
        raise UserError(
            f"{look.path}: `{facts.name}` cannot be the target: it {problem}",
            hint="name another column with --target",
        )
    if facts.nature != "number":
        return Choice(facts.name, why, "logistic", f"{facts.distinct} classes")
    if not _numbers_that_are_classes(look, facts):
        return Choice(facts.name, why, "ridge", "the target is a quantity")
    cast = None if facts.whole else "integer"
    because = f'{facts.distinct} whole numbers that look like classes; as a quantity: "ridge"'
    return Choice(facts.name, why, "logistic", because, cast)


def _numbers_that_are_classes(look: Look, facts: Facts) -> bool:
    """Whether few whole numbers run from 0 or 1 without a gap, and no name says how much."""
    if facts.distinct > MOST_CLASSES or facts.least not in (0, 1):
        return False
    if facts.greatest - facts.least + 1 != facts.distinct:
        return False
    whole = look.sample[facts.name].drop_nulls().cast(pl.Float64)
    counts_something = snake(facts.name) in _WISHES and facts.distinct > 2
    return bool((whole == whole.round()).all()) and not counts_something
