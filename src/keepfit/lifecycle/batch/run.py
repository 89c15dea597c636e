"""A batch prediction from beginning to end: all of it, or nothing yet."""

from __future__ import annotations

from keepfit.errors import KeepfitError, UserError
from keepfit.lifecycle.batch.answering import answer_piece
from keepfit.lifecycle.batch.answers import Answers, answers_of
from keepfit.lifecycle.batch.asked import Asked, OpenVersion, World, Written
from keepfit.lifecycle.batch.commit import commit, finished_before
from keepfit.lifecycle.batch.inputs import find_inputs
from keepfit.lifecycle.batch.outputs import pieces_of, target_of
from keepfit.lifecycle.batch.ready import refuse_unready
from keepfit.lifecycle.batch.state import Done, Job, State
from keepfit.lifecycle.batch.work import Tally, Work
from keepfit.names import Reference


def predict(asked: Asked, open_version: OpenVersion, world: World) -> Written:
    """Predict every row of the input into the output; their names tell the formats.

    The output has the key columns (or `row`), the answers, and `version`, in the order of the rows.
    Rows that have no answer go to `OUTPUT.rejects.<ext>` with `reason`. All of it appears, or
    nothing. Stopped at any moment and asked again, it goes on after the last finished chunk and
    makes the same bytes. UserError, Refused, SourceError or SinkError say what is in the way.
    """
    target = target_of(asked, world)
    inputs = find_inputs(asked.input, world.environ)
    pieces = pieces_of(asked, target, inputs)
    answers = answers_of(open_version(asked.reference), asked)
    state = State(target.state, said=target.place if target.path else str(target.state))
    with state.held():
        try:
            answers = _as_it_began(asked, state, answers, open_version, world)
            work = Work(asked, target, inputs, pieces, answers, state, world)
            written = finished_before(work) or _done_now(work)
        except BaseException:  # Ctrl-C too: a folder in which no work is must not stay behind
            if not state.holds_work():
                state.remove()
            raise
        state.remove()
    return written


def _done_now(work: Work) -> Written:
    refuse_unready(work)
    tally = Tally(work, _taken_up(work))
    for number in range(len(work.pieces)):
        answer_piece(work, number, tally)
    return commit(work, tally)


def _as_it_began(
    asked: Asked, state: State, answers: Answers, open_version: OpenVersion, world: World
) -> Answers:
    """The answers of the version with which the job began, should its reference have moved on."""
    held = state.job()
    if held is None or held.reference != asked.reference or held.version == answers.version:
        return answers
    anew = f"to begin anew with {answers.version}, remove {state.folder}"
    try:
        model = Reference.parse(asked.reference).model
        begun = answers_of(open_version(f"{model}@{held.version}"), asked)
    except KeepfitError as error:
        raise UserError(
            f"the job began with {held.version} and cannot go on with it: {error}", hint=anew
        ) from error
    world.tell(
        f"{asked.reference} is {answers.version} now; this job began with {held.version} and goes "
        f"on with it ({anew})"
    )
    return begun


def _taken_up(work: Work) -> list[Done]:
    """What an earlier try of the same job has done; else the folder is begun anew."""
    held, job = work.state.job(), work.job
    if held == job:
        done = work.state.done()
        work.state.rewind(done)
        if done:
            rows = sum(one.rows for one in done)
            work.world.tell(f"going on after {rows:,} rows that an earlier try has done")
        return done
    if held is not None and work.state.holds_work():
        work.world.tell(f"beginning anew: {_what_changed(held, job)}")
    work.state.begin(job)
    return []


def _what_changed(held: Job, job: Job) -> str:
    if held.inputs != job.inputs:
        before, now = dict(held.inputs), dict(job.inputs)
        other = [uri for uri in before | now if before.get(uri) != now.get(uri)]
        return f"the input {other[0]} is another than when the job began"
    if held.version != job.version:
        return f"the job began with {held.version}, and {job.version} is asked for now"
    if held.made_by != job.made_by:
        return f"the job began with {held.made_by}, and this is {job.made_by}"
    if held.observed != job.observed:
        return "the rows that the forecast goes on from are others than when the job began"
    if held.columns != job.columns:
        return "other answers are asked for than when the job began"
    return "it is asked for in another way than when the job began"
