"""The last step: the finished files come to their place, all of them or none."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from keepfit.errors import Refused
from keepfit.lifecycle.batch import buckets
from keepfit.lifecycle.batch.asked import Written
from keepfit.lifecycle.batch.inputs import stamp
from keepfit.lifecycle.batch.outputs import rejects_of
from keepfit.lifecycle.batch.state import Commit, receipt_of, unwritable, write_receipt
from keepfit.lifecycle.batch.work import Tally, Work
from keepfit.store.backends.disk import sync_folder

Stamps = tuple[tuple[str, str], ...]

_OLD = "old"  # in the state's folder: what --overwrite replaces, until the new is there


def finished_before(work: Work) -> Written | None:
    """What was written, where the very same job is finished; None where there is work to do."""
    kept = None if work.asked.overwrite else receipt_of(work.world.root, work.target.place)
    for found in (work.state.commit(), kept):
        if found and found.job == work.digest and _stands(work, found):
            write_receipt(work.world.root, work.target.place, found)
            return _written(work, found, finished=True)
    return None


def commit(work: Work, tally: Tally) -> Written:
    """Bring the output to its place; Refused where too many rows were rejected."""
    _refuse_too_many(work, tally)
    last = Commit(
        job=work.digest,
        version=work.answers.version,
        rows=tally.rows - tally.rejected,
        rejected=tally.rejected,
        files=len(work.inputs),
        rejects=_rejects(work, tally),
        stamps=() if work.target.path is None else _stamps(work.state.out, work),
    )
    work.state.begin_commit(last)
    if work.target.path is None:
        last = _upload(work, last)
    else:
        try:
            _place(work, work.target.path, last.rejects)
        except OSError as error:
            raise unwritable(work.target.place, error) from error
    write_receipt(work.world.root, work.target.place, last)
    return _written(work, last, resumed=tally.resumed)


def _place(work: Work, path: Path, rejects: Sequence[str]) -> None:
    """Once more, after a kill between any two of its steps, it does what is left of them."""
    out = work.state.out
    if work.target.folder:
        if path.exists():
            path.replace(work.state.folder / _OLD)
        out.replace(path)
    else:
        beside = path.with_name(rejects_of(path.name))
        if not rejects:
            beside.unlink(missing_ok=True)  # those of an earlier job are none of this output
        elif (out / beside.name).exists():
            (out / beside.name).replace(beside)
        (out / path.name).replace(path)
    sync_folder(str(path.parent))


def _rejects(work: Work, tally: Tally) -> tuple[str, ...]:
    """The files of rejected rows, wherever they are by now."""
    return tuple(work.pieces[number].rejects for number in tally.rejects())


def _upload(work: Work, last: Commit) -> Commit:
    """Each file is an object that is there whole or not at all; rejects first."""
    names = [*last.rejects, *(piece.name for piece in work.pieces)]
    environ = work.world.environ
    for piece in work.pieces:
        if piece.rejects not in last.rejects:
            buckets.remove(_address(work, piece.rejects), environ)
    for name in names:
        buckets.upload(work.state.out / name, _address(work, name), environ)
    return replace(last, stamps=_remote(work))


def _refuse_too_many(work: Work, tally: Tally) -> None:
    share = tally.rejected / max(tally.rows, 1)
    if share <= work.asked.max_rejects:
        return
    rejects = _rejects(work, tally)
    seen = work.state.out / rejects[0]
    if work.target.path is not None and not work.target.folder:
        try:
            seen = Path(shutil.copyfile(seen, work.target.path.with_name(rejects[0])))
        except OSError as error:
            raise unwritable(str(work.target.path.with_name(rejects[0])), error) from error
    enough = math.ceil(share * 1000) / 10
    raise Refused(
        f"{tally.rejected:,} of {tally.rows:,} rows cannot be answered ({share:.1%}; --max-rejects "
        f"allows {work.asked.max_rejects * 100:g}%): {tally.why}; "
        f"{work.target.place} was not written",
        hint=f"look at them in {seen} and correct the input; or go on without them: "
        f"--max-rejects {enough:g}%",
    )


def _stands(work: Work, found: Commit) -> bool:
    """Whether the output is still as it was written."""
    if not found.stamps:
        return False
    there = _remote(work) if work.target.path is None else _stamps(work.target.path, work)
    return set(found.stamps) <= set(there)


def _stamps(place: Path, work: Work) -> Stamps:
    """Each file of the job and when it was written, below a folder or beside a file."""
    names = [name for piece in work.pieces for name in (piece.name, piece.rejects)]
    folder = place if place.is_dir() else place.parent
    return tuple((n, stamp((folder / n).stat())) for n in names if (folder / n).exists())


def _remote(work: Work) -> Stamps:
    names = [name for piece in work.pieces for name in (piece.name, piece.rejects)]
    found = [(name, buckets.look(_address(work, name), work.world.environ)) for name in names]
    return tuple((name, thing.etag) for name, thing in found if thing)


def _address(work: Work, name: str) -> str:
    place = work.target.place
    return f"{place}/{name}" if work.target.folder else f"{place.rpartition('/')[0]}/{name}"


def _written(work: Work, last: Commit, *, resumed: int = 0, finished: bool = False) -> Written:
    folder = work.target.place if work.target.folder else work.target.place.rpartition("/")[0]
    return Written(
        version=last.version,
        rows=last.rows,
        rejected=last.rejected,
        output=work.target.place,
        rejects=tuple(f"{folder}/{name}" if folder else name for name in last.rejects),
        files=last.files,
        resumed=resumed,
        finished=finished,
    )
