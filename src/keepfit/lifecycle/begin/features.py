"""Which columns a model may learn from, and why the others are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from keepfit.lifecycle.begin.look import Facts, Look
from keepfit.lifecycle.begin.target import Choice, names_things, snake

MOST_CATEGORIES = 1_000
COPY = 0.9999  # correlation with the target from which a column is taken for the target itself

_CODES = re.compile(
    r"(?i:(^|[_ ])(id|code|type|zone|zip|postcode|class|category|kind|group))$|[a-z]ID$"
)
# Words in a name, from "this is when the row happened" to "this is another date of it".
_HAPPENED = {"timestamp", "event", "pickup", "start", "started", "begin", "order", "ordered", "ts"}
_OTHER_DATE = {"dropoff", "end", "ended", "finish", "birth", "born", "updated", "modified"}
_OTHER_DATE |= {"registered", "expires", "expiry", "due", "delivered", "arrival", "return"}


def key_of(look: Look, target: str) -> str | None:
    """The first column that is named like a key and differs in every row, or None."""
    for facts in look.of("number", "text"):
        fits = facts.name and facts.name != target and (facts.whole or facts.nature == "text")
        if fits and names_things(facts.name) and not facts.nulls and _unique(look, facts):
            return facts.name
    return None


def time_of(look: Look, target: str) -> str | None:
    """The first column that says when each row happened, or None."""
    moments = [f for f in look.of("moment") if not f.nulls and f.distinct > 1 and f.name != target]
    return min((facts.name for facts in moments), key=_hardly_when_it_happened, default=None)


def codes_of(look: Look, features: tuple[str, ...]) -> tuple[str, ...]:
    """Whole numbers that are codes by their name, of features."""
    columns = (look.columns[name] for name in features)
    return tuple(f.name for f in columns if f.whole and f.distinct > 2 and _CODES.search(f.name))


def sort_out(look: Look, choice: Choice, used: set[str | None]) -> tuple[list[str], dict[str, str]]:
    """The columns to learn from, and those left out with the reason; `used` are neither."""
    features: list[str] = []
    left_out: dict[str, str] = {}
    for facts in look.columns.values():
        if facts.name in used:
            continue
        reason = next(_reasons(look, facts, choice), None)
        if reason is None:
            features.append(facts.name)
        else:
            left_out[facts.name] = reason
    return features, left_out


def _reasons(look: Look, facts: Facts, choice: Choice) -> Iterator[str]:
    if facts.nature == "empty":
        yield "is empty"
    elif facts.nature == "other":
        yield f"holds {facts.dtype}; models learn from numbers, texts, true and false"
    elif facts.nature == "moment":
        yield "a moment; `derive` a number from it if it is known when you predict"
    elif facts.distinct < 2:
        yield "has the same value in every row" if facts.distinct else "is empty"
    elif facts.nulls > 0.95 * look.rows:
        yield f"is empty in {facts.nulls / look.rows:.0%} of the rows"
    elif _counts_rows(look, facts):
        yield "numbers the rows"
    elif too_many := _too_many_names(look, facts):
        yield too_many
    if facts.nature not in ("other", "empty") and (
        copy := _copy_of_target(look.sample, facts, choice)
    ):
        yield copy


def _counts_rows(look: Look, facts: Facts) -> bool:
    if not facts.whole or facts.nulls or facts.greatest - facts.least + 1 != look.rows:
        return False
    return look.rows > 2 and _unique(look, facts)


def _too_many_names(look: Look, facts: Facts) -> str | None:
    is_name = facts.nature == "text" or (facts.whole and names_things(facts.name))
    most = min(MOST_CATEGORIES, max(20, look.rows // 20))
    if not is_name or (facts.distinct <= most and facts.distinct <= look.rows / 2):
        return None
    if facts.distinct > look.rows / 2:
        return "has a value of its own in nearly every row"
    return f"has {facts.distinct:,} different values: too many for categories"


def _copy_of_target(sample: pl.DataFrame, facts: Facts, choice: Choice) -> str | None:
    if choice.kind == "ridge" and facts.nature == "number":
        return _follows(sample, facts.name, choice.column)
    if choice.kind == "logistic":
        return _tells_class(sample, facts.name, choice.column)
    return None


def _follows(sample: pl.DataFrame, name: str, target: str) -> str | None:
    pair = sample.select(pl.col(name, target).cast(pl.Float64)).drop_nulls().drop_nans()
    if pair.height < 3 or pair[name].n_unique() < 3:
        return None
    r = pair.select(pl.corr(name, target)).item()
    if abs(r) < COPY:
        return None
    return f"follows the target too well (correlation {r:.4f}): the answer under another name?"


def _tells_class(sample: pl.DataFrame, name: str, target: str) -> str | None:
    """A reason where each of few values goes with one class, and the other way round."""
    pair = sample.select(name, target).drop_nulls()
    values, classes = pair[name].n_unique(), pair[target].n_unique()
    pairs = pair.unique().height
    if classes > 1 and values == classes == pairs and pair.height > 2 * classes:
        return "tells the target in every row: the answer under another name?"
    return None


def _hardly_when_it_happened(name: str) -> int:
    words = set(snake(name).split("_"))
    return 0 if words & _HAPPENED else 2 if words & _OTHER_DATE else 1


def _unique(look: Look, facts: Facts) -> bool:
    if facts.nulls or facts.distinct < 0.9 * look.rows:  # the count may be an estimate
        return False
    return int(look.scan.select(pl.col(facts.name).n_unique()).collect().item()) == look.rows
