"""The reference, written from the code: `make docs`. With --check: exit 1 where it differs."""

# ruff: noqa: INP001 - a script beside the pages that it writes, no package
from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import config_page
import store_pages
from writing import code, first_sentence, prose, table

from keepfit import errors
from keepfit.cli import VERBS, keepfit
from keepfit.evaluate import metrics, names

WRITTEN = "<!-- Written by generate.py from the code; `make docs` writes it anew. -->\n\n"
FOLDER = Path(__file__).parent
WIDTH = {"terminal_width": 100, "max_content_width": 100}


def pages() -> dict[str, str]:
    """The text of every page of the reference, by its name."""
    made = {
        "config.md": config_page.page(),
        "cli.md": cli_page(),
        "metrics.md": metrics_page(),
        "exit-codes.md": exit_codes_page(),
        "log.md": store_pages.log_page(),
        "files.md": store_pages.files_page(),
    }
    return {name: WRITTEN + "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}


def cli_page() -> Iterator[str]:
    """What `--help` says, of keepfit and of every verb."""
    yield from prose("""
        # The command line

        The words are those of `keepfit --help` and `keepfit VERB --help`.

        A reference names a version: `price@production` (a stage), `price@1.4.13`, `price@1.4` (the
        newest 1.4.x), `price@1.4.13-aff1242`, `price@aff1242` (its label), `price@latest`.
    """)
    root = click.Context(keepfit, info_name="keepfit", **WIDTH)
    yield from code(keepfit.get_help(root))
    for verb in VERBS:
        if command := keepfit.get_command(root, verb):
            yield from help_of(command, root, verb)


def help_of(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """What a verb says of itself, and what each verb below it says."""
    here = click.Context(command, parent=parent, info_name=name, **WIDTH)
    yield from (f"## {here.command_path}", "", *code(command.get_help(here)))
    if isinstance(command, click.Group):
        for inner in command.list_commands(here):
            below = command.get_command(here, inner)
            assert below is not None, inner  # noqa: S101 the group has just named it
            yield from help_of(below, here, inner)


def metrics_page() -> Iterator[str]:
    """The metrics by name: direction, unit, task, and what is measured."""
    yield from prose(f"""
        # Metrics

        What `gate.metric`, `gate.metrics` and the `metric` of a rule may name. A number belongs to
        some names: `within-10`, `share-within-5`, `lift-at-2.5`. Where the gate names none,
        regressions are compared on `{names.default_metric("regression")}` and classifiers on
        `{names.default_metric("classification")}`.

        A metric that cannot be measured on some rows is missing, and what is missing fails.
        [A metric of your own](../how-to/own-metric.md) is a Python function.
    """)
    examples = [*names.METRICS, *(f"{family}-10" for family in names.FAMILIES)]
    rows = (
        (
            f"`{metric.name.replace('-10', '-N')}`",
            ", ".join(metric.tasks),
            metric.better,
            metric.unit,
            measured(metric),
        )
        for metric in map(metrics.get, examples)
    )
    yield from table(("metric", "for", "better", "unit", "measures"), rows)


def measured(metric: metrics.Metric) -> str:
    """What a metric measures, from the function that does it."""
    how = metric.how
    if isinstance(how, metrics.Whole):
        said = first_sentence(how.scorer)
    else:
        root = "the root of the mean of" if how.of == "squares" else "the mean of"
        said = f"{root}: {first_sentence(how.terms)}"
    return (
        said.replace("`percent`", "N %")
        .replace("`limit`", "N")
        .replace("`length`", "N")
        .replace("`labels_shown`", "N")
    )


def exit_codes_page() -> Iterator[str]:
    """What keepfit raises on purpose, and the exit code of each."""
    yield from prose("""
        # Exit codes and errors

        The exit code says who must act.
    """)
    rows = {
        0: "done, or nothing to do",
        1: "a bug in keepfit: run it again with `--debug` and report what it prints",
        5: "`plan --check`: something is due",
        130: "stopped by hand (Ctrl-C); nothing is half written",
    }
    rows |= {branch.exit_code: first_sentence(branch) for branch in branches()}
    yield from table(("code", "meaning"), ((str(number), rows[number]) for number in sorted(rows)))
    yield from prose("The errors in `keepfit.errors`, as a tree:")
    yield from code(inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2])


def branches() -> list[type[errors.KeepfitError]]:
    """The errors at which an exit code begins."""
    every = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    return [c for c in every if "exit_code" in vars(c) and c is not errors.KeepfitError]


def main(arguments: list[str]) -> None:
    """Write every page beside this file, or say which are not what the code says."""
    stale = []
    for name, text in pages().items():
        page = FOLDER / name
        if not page.exists() or page.read_text("utf-8") != text:
            stale.append(f"docs/reference/{name}")
            if "--check" not in arguments:
                page.write_text(text, "utf-8")
    if stale and "--check" in arguments:
        sys.exit(f"{', '.join(stale)}: not what the code says. Next: make docs")


if __name__ == "__main__":
    main(sys.argv[1:])
