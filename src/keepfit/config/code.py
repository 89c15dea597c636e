"""The Python of the project that its file names: loaded, checked, and told apart by digest."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from keepfit.config.git import GitState, git_state
from keepfit.config.imports import local_modules
from keepfit.digest import digest_of, sha256
from keepfit.errors import UserError, guess
from keepfit.records.training import Code

__all__ = [
    "GitState",
    "check_metric",
    "check_transform",
    "code_of",
    "git_state",
    "label",
    "load_class",
    "load_function",
    "place_of",
]

Function = Callable[..., Any]


def load_function(path: str, root: Path) -> Function:
    """The function that `module:function` names, read afresh from the project in the folder `root`.

    Versions of a module from several folders can be loaded side by side; only what a function
    imports when it is called, it takes from where Python finds it then. UserError if there is no
    such module or function, or if the module raises, with the line that did.
    """
    function = _named(path, root, "function")
    if not callable(function):
        raise UserError(f"{path} is {type(function).__name__}; expected a function")
    return function


def load_class(path: str, root: Path) -> type:
    """The class that `module:Class` names, read as `load_function` does; UserError as there."""
    found = _named(path, root, "class")
    if not isinstance(found, type):
        raise UserError(f"{path} is {type(found).__name__}; expected a class")
    return found


def place_of(error: BaseException, root: Path) -> str | None:
    """`file:line` of the last of the project's own lines that an error passed; None: it passed
    none."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _below(f.filename, root)]
    return f"{_relative(frames[-1].filename, root)}:{frames[-1].lineno}" if frames else None


def _named(path: str, root: Path, what: str) -> object:
    module_name, _, name = path.partition(":")
    module = _module(module_name, root)
    found = getattr(module, name, None)
    if found is None:
        where = _relative(getattr(module, "__file__", None) or module_name, root)
        known = guess(name, _functions(module))
        raise UserError(f"{path}: {where} has no {what} `{name}`.{known}")
    return found


def check_transform(function: Function) -> None:
    """Nothing, if the function takes a LazyFrame and nothing else; UserError if not."""
    if not _takes(function, 1):
        raise UserError(
            f"{_signature(function)} cannot transform rows; expected a function of one LazyFrame"
        )


def check_metric(function: Function) -> None:
    """Nothing, if it takes (truth, prediction) or (truth, prediction, rows); UserError if not."""
    if not (_takes(function, 2) or _takes(function, 3)):
        raise UserError(
            f"{_signature(function)} cannot be a metric; "
            "expected a function of (truth, prediction) or (truth, prediction, rows)"
        )


def code_of(
    paths: Iterable[str], root: Path, *, git: GitState | None = None
) -> tuple[Code, dict[str, bytes]]:
    """The files of the project that take part where `module:function` paths do, and their bytes.

    These are the modules, and what they import of the project's own. The digest is of the files
    alone: a commit that touches none of them does not change it.
    """
    git = git or git_state(root)
    modules = {path.partition(":")[0] for path in paths}
    places = sorted({file for module in modules for file in local_modules(module, root).values()})
    files = {place.relative_to(root).as_posix(): place.read_bytes() for place in places}
    digests = {path: sha256(data) for path, data in files.items()}
    clean = git.clean and (git.tracked is None or git.tracked >= files.keys())
    return Code(digest=digest_of(digests), files=digests, commit=git.commit, clean=clean), files


def label(code: Code) -> str:
    """What a version says of its code: the short sha of a clean commit, else x and six digits."""
    if code.commit and code.clean:
        return code.commit[:7]
    return f"x{code.digest[:6]}"


def _takes(function: Function, count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # functions written in C may not tell
        return True
    return True


def _signature(function: Function) -> str:
    return f"{getattr(function, '__name__', function)}{inspect.signature(function)}"


def _functions(module: ModuleType) -> list[str]:
    """The functions that a module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]


def _module(name: str, root: Path) -> ModuleType:
    local = local_modules(name, root)
    try:
        with _importing_from(root, local):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}.") and name not in local:
            raise _no_module(name, root) from error
        raise _raised(error, name, root) from error
    except (Exception, SystemExit) as error:  # anything may happen in a user's module
        raise _raised(error, name, root) from error


def _no_module(name: str, root: Path) -> UserError:
    known = (file.stem for file in root.glob("*.py"))
    return UserError(f"there is no module `{name}` in {root} or installed.{guess(name, known)}")


def _raised(error: BaseException, name: str, root: Path) -> UserError:
    """The error with the last line of the project's own code that it passed."""
    place = place_of(error, root) or name
    return UserError(f"{place}: {type(error).__name__}: {error}", hint=f"correct {place}")


def _below(file: str, root: Path) -> bool:
    return Path(file).is_relative_to(root)


def _relative(file: str, root: Path) -> str:
    return Path(file).relative_to(root).as_posix() if _below(file, root) else file


@contextmanager
def _importing_from(root: Path, local: Mapping[str, Path]) -> Iterator[None]:
    """Imports read the project's own modules first and anew, and leave no bytecode behind."""
    before = {name: sys.modules.pop(name) for name in local if name in sys.modules}
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(root))
        if str(root) not in sys.path:  # for what functions import only when they are called
            sys.path.append(str(root))
        sys.dont_write_bytecode = writes
        others = {n: m for n, m in before.items() if not _below(m.__file__ or "", root)}
        sys.modules.update(others)
