"""Where each log ended when it was last read here: a log goes on, it is never shorter or another.

Who may write to a store could put a shorter log, or one with another past, in the place of the
true one, and every record would still follow from the one before. Only somebody who remembers its
end can tell. As clients of The Update Framework (TUF) keep the newest version of what they trust,
what was seen is kept beside the reader.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from keepfit.digest import canonical, sha256
from keepfit.errors import Corrupt
from keepfit.store import keys
from keepfit.store.backends.steps import Get, Steps
from keepfit.store.log.tape import Anchor, Log

Ends = dict[str, Anchor]  # by model

_HINT = (
    "it was restored from an old backup, or somebody who may write to the store has changed the "
    "past: find out. To take the log as it is: keepfit verify {} --accept"
)


class Seen:
    """The ends of the logs of one store, as they were last seen from this folder."""

    def __init__(self, path: Path, store: str) -> None:
        """What `save` wrote to `path` of the store at that address; nothing where it is damaged."""
        self._path, self._store = path, store
        self._ends: Ends = _read(path).get(store, {})
        self._news: dict[str, Anchor | None] = {}  # None: to be forgotten

    def end(self, model: str) -> Anchor | None:
        """The last record that was seen of the model's log, or None."""
        return self._ends.get(model)

    def ends(self, model: str, end: Anchor) -> bool:
        """Whether the model's log, if it was ever seen, ended there."""
        return self._ends.get(model, end) == end

    def check(self, log: Log) -> Steps[None]:
        """Corrupt where the log, read to its end, does not go on from where it was last seen."""
        end = self._ends.get(log.model)
        if end is None or not log.state.next:
            return  # a log without a record hides nothing: its model has no version, for everybody
        if end.seq >= log.state.next:
            raise Corrupt(
                f"the log of {log.model} is shorter than it was: it ends with record "
                f"{log.state.next - 1}, and record {end.seq} was seen here",
                hint=_HINT.format(log.model),
            )
        if end.seq == log.state.next - 1:
            head = log.head
        else:
            data: bytes | None = yield Get(keys.record(log.model, end.seq))
            head = None if data is None else sha256(data)
        if head != end.head:
            raise Corrupt(
                f"the log of {log.model} has another past than it had: record {end.seq} is not "
                "the one that was seen here",
                hint=_HINT.format(log.model),
            )

    def note(self, log: Log) -> None:
        """Remember the end of the log."""
        end = Anchor(log.state.next - 1, log.head) if log.head else None
        if end != self._ends.get(log.model):
            self._news[log.model] = end
            self._take(self._ends, log.model, end)

    def forget(self, model: str) -> None:
        """Take the model's log as it is, whatever was seen of it."""
        self._news[model] = None
        self._ends.pop(model, None)

    def save(self) -> None:
        """Write it down, if there is anything new; failing to is no error."""
        if not self._news:
            return
        everything = _read(self._path)  # somebody else may have written what he saw
        ends = everything.setdefault(self._store, {})
        for model, end in self._news.items():
            self._take(ends, model, end)
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(canonical(everything))
            draft.replace(self._path)
            self._news.clear()
        with suppress(OSError):
            draft.unlink(missing_ok=True)  # it may be there in part, where the disk is full

    @staticmethod
    def _take(ends: Ends, model: str, end: Anchor | None) -> None:
        if end is None:
            ends.pop(model, None)
        else:
            ends[model] = end


def _read(path: Path) -> dict[str, Ends]:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Ends])
    return {}
