"""The door: `keepfit.toml` becomes a Project, or one error with all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from keepfit.config.check import Known
from keepfit.config.document import Document, find_file, read_document, read_variables
from keepfit.config.layers import (
    PROFILE,
    Setting,
    settings_of_environment,
    settings_of_flags,
    with_defaults,
    with_profile,
    with_settings,
)
from keepfit.config.nodes import Node
from keepfit.config.project import Project
from keepfit.config.reading import Located, Reading, located, read, wrong_shapes
from keepfit.config.resolve import make_project
from keepfit.errors import ConfigError, Problem, guess

__all__ = ["Project", "find_file", "load"]

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Door:
    """What is at hand while a file is read."""

    document: Document
    variables: Mapping[str, str]
    known: Known

    def problems_of(self, tree: Node, reading: Reading, *, unset: bool) -> list[Located]:
        wrongs = [*reading.wrongs, *(reading.unset if unset else ())]
        return [located(wrong, tree, self.document.name, self.document.lines) for wrong in wrongs]


def load(  # noqa: PLR0913 - all that a project depends on; the last five are choices
    file: Path,
    environ: Mapping[str, str],
    *,
    params_of: Callable[[str], type[BaseModel]],
    kinds: Callable[[], list[str]],
    metrics: Callable[[str], str | None] | None = None,
    profile: str | None = None,
    overrides: Mapping[str, str] = _NOTHING,
    settings: Iterable[Setting] = (),
) -> Project:
    """The project that `file` declares; ConfigError with every problem, each with its line.

    Flags (`overrides`: dotted key to text) win over the environment, that over the profile, that
    over the file. `[defaults]` lie under every model: what a model says itself, wins over them.
    `metrics` says what is wrong with the name of a metric, or None. `settings` are what a job that
    is run elsewhere brings along; they win over the environment, and flags over them.
    """
    document = read_document(file)
    variables, problems = read_variables(file.parent, environ)
    door = _Door(document, variables, Known(tuple(kinds()), params_of, metrics))
    chosen = profile or variables.get(PROFILE) or None
    problems += _unknown_profile(document.tree, chosen, by_flag=profile is not None)
    flags, no_keys = settings_of_flags(overrides)
    tree = with_profile(document.tree, chosen)
    every = [*settings_of_environment(tree, variables), *settings, *flags]
    tree, misplaced = with_settings(tree, every)
    tree = with_defaults(tree)
    reading = read(tree, variables, door.known)
    found = [*door.problems_of(tree, reading, unset=True), *_in_other_profiles(door, chosen)]
    if problems := [*problems, *no_keys, *misplaced, *_in_order(found)]:
        raise ConfigError(dict.fromkeys(problems))
    return make_project(file, chosen, tree, reading, variables)


def _unknown_profile(tree: Node, chosen: str | None, *, by_flag: bool) -> Iterator[Problem]:
    profiles = tree.at(("profile",))[0].tables if "profile" in tree.tables else {}
    if chosen is not None and chosen not in profiles:
        where = "--profile" if by_flag else PROFILE
        wrong = f"is '{chosen}', which the file has not.{guess(chosen, profiles)}"
        yield Problem(where, "profile", wrong)


def _in_other_profiles(door: _Door, chosen: str | None) -> Iterator[Located]:
    """What is wrong with the profiles that are not chosen, so that nobody learns it in production;
    but the variables that only they read may be missing here."""
    tree = door.document.tree
    top = [wrong for wrong in wrong_shapes(tree) if wrong.path[0] == "profile"]
    yield from (located(w, tree, door.document.name, door.document.lines) for w in top)
    profiles = tree.tables["profile"].tables if "profile" in tree.tables else {}
    for name in profiles.keys() - {chosen}:
        other = with_defaults(with_profile(tree, name))
        reading = read(other, door.variables, door.known)
        for each in door.problems_of(other, reading, unset=False):
            if each.origin.key[:2] == ("profile", name):
                yield each


def _in_order(found: Iterable[Located]) -> list[Problem]:
    return [each.problem for each in sorted(found, key=lambda each: each.line)]
