"""What is refused before the first row is predicted."""

from __future__ import annotations

from keepfit.data.types.conform import refuse_missing
from keepfit.errors import UserError
from keepfit.lifecycle.batch.buckets import refuse_unreached
from keepfit.lifecycle.batch.chunks import columns_of
from keepfit.lifecycle.batch.outputs import refuse_there, what_is_there
from keepfit.lifecycle.batch.work import Work


def refuse_unready(work: Work) -> None:
    """UserError where the output is taken, or where a file lacks a column that the model wants."""
    if work.target.path is None:
        refuse_unreached(work.target.place, work.world.environ)
    begun = work.state.commit()
    if begun is None or begun.job != work.digest:  # else what is there is ours, half way
        there = what_is_there(work.target, work.world.environ)
        refuse_there(work.asked, work.target, work.pieces, there)
    schema = work.answers.opened.predictor.schema
    for one in work.inputs:
        have = columns_of(one, work.world.environ)
        if have is None:
            continue
        try:
            refuse_missing(schema, have)
        except UserError as error:
            raise UserError(f"{one.uri}: {error}", hint=error.hint) from error
