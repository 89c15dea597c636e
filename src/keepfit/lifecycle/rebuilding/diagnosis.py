"""Why the same inputs gave something else: found by training again, watched and varied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from keepfit.lifecycle.rebuilding.differences import Difference
from keepfit.train.job import Fit, Job


class Again(Protocol):
    """Trains a job once more in a new process."""

    # with settings changed, and with a program before the interpreter
    def __call__(self, job: Job, more: Mapping[str, str], before: Sequence[str] = ()) -> Fit: ...


def diagnose(fit: Fit, job: Job, again: Again, *, known: bool) -> Iterator[Difference]:
    """What the project's code asks for that no recipe holds, and whether it agrees with itself.

    `known`: an input is known to differ already, so that a training that agrees with itself needs
    no more search.
    """
    watched = again(msgspec.structs.replace(job, watch=True), {})
    for asked in watched.asked:
        yield Difference(input=asked.what, text=str(asked))
    if _same(fit, watched):
        if not (known or watched.asked):
            yield from _hidden(fit, job, again)
    elif not watched.asked:
        yield _by_itself(job, again)


def _by_itself(job: Job, again: Again) -> Difference:
    """It is another each time: by the addresses of objects, or by chance or threads."""
    if setarch := shutil.which("setarch"):
        fixed = [again(job, {}, (setarch, "-R")) for _ in range(2)]
        if _same(*fixed):
            text = (
                "each training differs, unless memory is laid out alike: something depends on the "
                "addresses of objects, such as the order of a set of them"
            )
            return Difference(input="memory addresses", text=text)
    text = "each training differs: chance without a seed, or threads that race"
    return Difference(input="chance", text=text)


def _hidden(fit: Fit, job: Job, again: Again) -> Iterator[Difference]:
    if not _same(fit, again(job, {"PYTHONHASHSEED": "4242"})):
        text = "it follows PYTHONHASHSEED: the order of a set or the hash of a text"
        yield Difference(input="hash order", text=text)
    else:
        text = (
            "each training now gives the same, which is not what was published: something beside "
            "the recipe has changed, such as a package under the same version, or a file that is "
            "read by other means than Python's"
        )
        yield Difference(input="unknown", text=text)


def _same(one: Fit, other: Fit) -> bool:
    return one.candidate.files == other.candidate.files and one.keys == other.keys
