"""The class of the project that is a kind of its own: read, looked over, and called with care."""

from __future__ import annotations

import inspect
import json
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keepfit.config.code import load_class, place_of
from keepfit.config.lines import dotted
from keepfit.config.wording import Wrong, in_plain_words
from keepfit.data.files.read import in_short
from keepfit.errors import KeepfitError, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.own.table import table_of

TASKS = ("regression", "classification")
MAY_ASK = ("seed", "threads", "warm")  # what `fit` is given if it has parameters of these names

# Of each method: what it is called with, and whether it belongs to the class rather than to a model
_METHODS = {
    "fit": (("lesson", "params"), True),
    "predict": (("rows",), False),
    "save": ((), False),
    "load": (("files",), True),
}


@dataclass(frozen=True, slots=True)
class OwnClass:
    """A class that has what a kind needs."""

    path: str  # module:Class
    home: Path  # the project's folder
    made: Any

    @classmethod
    def read(cls, path: str, home: Path) -> OwnClass:
        """The class; UserError with what it lacks, or with the line at which its module fails."""
        own = cls(path, home, load_class(path, home))
        own.look_over()
        return own

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.made.__name__)

    @property
    def task(self) -> str:
        """`regression` or `classification`."""
        return str(self.made.task)

    @property
    def asks(self) -> frozenset[str]:
        """What its `fit` wants beside the lesson and the params."""
        parameters = inspect.signature(self.made.fit).parameters
        every = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        return frozenset(MAY_ASK if every else parameters.keys() & set(MAY_ASK))

    def look_over(self) -> None:
        """Nothing, if it has everything; UserError for the first thing that is wrong."""
        task = getattr(self.made, "task", None)
        if task not in TASKS:
            told = "has no `task`" if task is None else f"has task = {task!r}"
            raise UserError(f"{self.path} {told}; expected 'regression' or 'classification'")
        for name, (given, of_class) in _METHODS.items():
            self._look_over(name, given, of_class=of_class)

    def _look_over(self, name: str, given: tuple[str, ...], *, of_class: bool) -> None:
        wanted = f"{name}({', '.join(('cls' if of_class else 'self', *given))})"
        method = inspect.getattr_static(self.made, name, None)
        if method is None:
            raise UserError(f"{self.path} has no `{name}`; expected {wanted}")
        if of_class and inspect.isfunction(method):
            raise UserError(
                f"{self._place(name)}: {self.name}.{name} is a method of a model; "
                f"expected @classmethod above {wanted}"
            )
        signature = inspect.signature(getattr(self.made, name))
        named = dict.fromkeys(self.asks) if name == "fit" else {}
        try:
            signature.bind(*given, *(() if of_class else ("self",)), **named)
        except TypeError as error:
            raise UserError(
                f"{self._place(name)}: {self.name}.{name}{signature} cannot be called; "
                f"expected {wanted}"
            ) from error

    def wrongs(self, values: Mapping[str, Any]) -> list[Wrong]:
        """What is wrong with what the file says under `params`, for its own `params`."""
        table = table_of(getattr(self.made, "params", None))
        if table is None:
            return []
        try:
            table.model_validate_json(json.dumps(values))
        except ValidationError as error:
            return in_plain_words(error, table, dict(values))
        return []

    def settings(self, values: Mapping[str, Any]) -> Any:
        """What `fit` gets as its params: an instance of its own `params`, else a dict; UserError
        with everything that is wrong."""
        if wrongs := self.wrongs(values):
            told = [f"{dotted(('params', *one.path))} {one.message}" for one in wrongs]
            raise UserError("\n".join(told))
        theirs: Any = getattr(self.made, "params", None)
        table = table_of(theirs)
        if table is None:
            return dict(values)
        checked = table.model_validate_json(json.dumps(values))
        if theirs in table.__mro__:  # a pydantic model
            return checked
        given = {name: getattr(checked, name) for name in checked.model_fields_set}
        with self.calling("params"):
            return theirs(**given)

    def fit(self, lesson: Lesson, settings: Any, **world: Any) -> Any:
        """A model that has learned, with `random` and numpy's global generator at the seed."""
        wanted = {name: world[name] for name in MAY_ASK if name in self.asks}
        with _seeded(world["seed"]), self.calling("fit"):
            made = self.made.fit(lesson, settings, **wanted)
        for name in ("predict", "save"):
            if not callable(getattr(made, name, None)):
                raise UserError(
                    f"{self._place('fit')}: {self.name}.fit gave {type(made).__name__}, which has "
                    f"no `{name}`; expected a {self.name}"
                )
        return made

    def load(self, files: Mapping[str, bytes]) -> Any:
        """The model that its `save` wrote."""
        with self.calling("load"):
            return self.made.load(dict(files))

    @contextmanager
    def calling(self, method: str) -> Iterator[None]:
        """Whatever the method raises becomes a UserError that names the project's own line."""
        try:
            yield
        except (KeepfitError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # the project's code may raise whatever it likes
            place = place_of(error, self.home) or self._place(method)
            raise UserError(
                f"{self.name}.{method} raised {type(error).__name__} at {place}: {in_short(error)}",
                hint=f"correct {place}",
            ) from error

    def wrong(self, method: str, told: str) -> UserError:
        """What to raise where a method gives what it must not."""
        return UserError(f"{self._place(method)}: {self.name}.{method} {told}")

    def _place(self, method: str) -> str:
        """`file:line` where the method begins; else the class's path."""
        function = inspect.unwrap(getattr(self.made, method, self.made))
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if code is None:
            return self.path
        file = Path(code.co_filename)
        inside = file.is_relative_to(self.home)
        return f"{file.relative_to(self.home) if inside else file}:{code.co_firstlineno}"


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The generators that code takes for chance if nobody tells it otherwise, at the seed."""
    import numpy as np

    before, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002 the one that others use
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numbers)  # noqa: NPY002
