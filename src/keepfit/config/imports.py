"""Which modules of a project a module imports, found by reading and not by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from keepfit.errors import UserError


def local_modules(module: str, root: Path) -> dict[str, Path]:
    """The module, the packages around it and all that they import from files below `root`, by name.

    Names that only a running program knows (`importlib.import_module(name)`) are not seen.
    UserError where a file is not Python.
    """
    found: dict[str, Path] = {}
    waiting = list(_with_packages(module))
    while waiting:
        name = waiting.pop()
        file = module_file(name, root)
        if file is not None and name not in found:
            found[name] = file
            waiting += _imports(name, file, root)
    return found


def module_file(module: str, root: Path) -> Path | None:
    """The file below `root` that holds the module, or None where the project has no such module."""
    place = root.joinpath(*module.split("."))
    return next((f for f in (place / "__init__.py", place.with_suffix(".py")) if f.is_file()), None)


def _with_packages(module: str) -> Iterator[str]:
    """`a.b.c` imports `a` and `a.b` before."""
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _imports(module: str, file: Path, root: Path) -> Iterator[str]:
    for node in ast.walk(_parsed(file, root)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, file, node)
            names = [".".join(filter(None, (base, alias.name))) for alias in node.names]
        else:
            continue
        for name in names:
            yield from _with_packages(name)


def _base(module: str, file: Path, node: ast.ImportFrom) -> str:
    """The module that an import `from … import` names, absolute."""
    if not node.level:
        return node.module or ""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def _parsed(file: Path, root: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise not_python(file, root, error) from error


def not_python(file: Path, root: Path, error: SyntaxError) -> UserError:
    """What to raise for a file that Python cannot read."""
    place = f"{file.relative_to(root).as_posix()}:{error.lineno or 1}"
    return UserError(f"{place}: is not Python: {error.msg}", hint=f"correct {place}")
