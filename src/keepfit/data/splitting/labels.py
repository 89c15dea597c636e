"""Labels that rows judge by, and that no model can have learned."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from keepfit.data.splitting.split import Split
from keepfit.data.types.dtypes import family
from keepfit.records.rows import Finding

_SHOWN = 3
_WHAT = {
    "validation": "early stopping and calibration leave them out",
    "holdout": "no answer to them can be right",
}


def unseen(split: Split, target: str) -> Iterator[Finding]:
    """A note on the labels of either side that no training row has; none where the target is a
    number, of which nobody can say here whether it is a label."""
    if family(split.train.schema[target]) not in ("text", "boolean"):
        return
    known = split.train[target].unique()
    for side, what in _WHAT.items():
        labels: pl.Series = getattr(split, side)[target].drop_nulls()
        strange = labels.filter(~labels.is_in(known.implode()))
        if count := len(strange):
            few = strange.unique().sort().head(_SHOWN + 1).to_list()
            told = ", ".join([*map(repr, few[:_SHOWN]), *["…"][: len(few) - _SHOWN]])
            message = (
                f"{count:,} {side} row{'s have labels' if count > 1 else ' has a label'} that no "
                f"training row has ({told}): {what}"
            )
            yield Finding(
                check="labels", severity="note", message=message, column=target, rows=count
            )
