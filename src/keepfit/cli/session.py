"""What every verb needs: its common flags, the project, the ports, and a way to speak."""

from __future__ import annotations

import functools
import getpass
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepfit.errors import KeepfitError, Unclear, UserError

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.lifecycle.ports import Ports
    from keepfit.store.log.seen import Seen
    from keepfit.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Session:
    """One call of one verb."""

    file: Path | None  # --file
    profile: str | None
    overrides: dict[str, str]  # --set
    json: bool
    quiet: bool
    debug: bool
    op: str = ""  # --op, else a name that nobody has used
    named: bool = False  # whether it was given
    argv: tuple[str, ...] = ()  # what was typed

    def project(self) -> Project:
        """The project of this folder, or of --file; ConfigError with every problem."""
        from keepfit.config.load import find_file, load
        from keepfit.evaluate.names import problem
        from keepfit.kinds import known, params_of

        return load(
            self.file or find_file(Path.cwd()),
            os.environ,
            params_of=params_of,
            kinds=known,
            metrics=problem,
            profile=self.profile,
            overrides=self.overrides,
        )

    def registry(self, project: Project) -> Registry:
        """The project's registry, as the person at this terminal."""
        from keepfit.store.open import open_store
        from keepfit.store.registry import Registry

        seen = self.seen(project)
        click.get_current_context().call_on_close(seen.save)
        return Registry(open_store(project.store), clock=_now, actor=actor(), seen=seen)

    def seen(self, project: Project) -> Seen:
        """Where the logs of the project's store ended when they were last read here."""
        from keepfit.store.log.seen import Seen

        return Seen(project.root / ".keepfit" / "seen.json", project.store)

    @contextmanager
    def ports(self, project: Project, trainer: Any = None) -> Iterator[Ports]:
        """Registry, trainer, clock and environment; what was started is ended."""
        from keepfit.data.files.statcache import StatCache
        from keepfit.lifecycle.ports import Ports
        from keepfit.train.worker import Trainer

        cache = StatCache(project.root / ".keepfit" / "files.json")
        with trainer or Trainer() as running, self.progress() as say:
            yield Ports(
                registry=self.registry(project),
                trainer=running,
                clock=_now,
                environ=os.environ,
                cache=cache,
                say=say,
            )
            cache.save()

    @property
    def same(self) -> str:
        """What to add to a next step, that it may speak of the same file; no value, which may be
        secret."""
        return " with the same --set" if self.overrides else ""

    @property
    def shows_progress(self) -> bool:
        """Whether somebody watches, and wants to."""
        return not (self.quiet or self.json) and sys.stderr.isatty()

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, str], None]]:
        """Something to say steps to: a spinner on a terminal, else nothing; no step ends it."""
        if not self.shows_progress:
            yield lambda _model, _step: None
            return
        from rich.console import Console

        status = Console(stderr=True).status("")

        def say(model: str, step: str) -> None:
            if not step:
                status.stop()  # a result is about to be printed where the spinner is
                return
            status.update(f"{model}: {step}")
            status.start()

        try:
            yield say
        finally:
            status.stop()

    def show(self, record: Any, text: Callable[[], None]) -> None:
        """The record as JSON where --json asks for it, else the text, unless --quiet."""
        if self.json:
            from keepfit.digest import canonical

            click.echo(canonical(record).decode())
        elif not self.quiet:
            text()

    def settled(self, error: KeepfitError) -> KeepfitError:
        """The error; where nobody can say what happened, with the command that finds out."""
        if not isinstance(error, Unclear) or not self.op:
            return error
        typed = list(self.argv)
        end = typed.index("--") if "--" in typed else len(typed)
        named = [] if self.named else ["--op", self.op]
        again = shlex.join(["keepfit", *typed[:end], *named, *typed[end:]])
        return Unclear(str(error), hint=f"find out; nothing is done twice: {again}")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only after a yes: from --yes, or from a person at a terminal."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise UserError(f"{question} There is no terminal to ask at.", hint="add --yes")
        click.confirm(question, abort=True, err=True)


def actor() -> str:
    """Who is acting: KEEPFIT_ACTOR, else the name of the account."""
    try:
        return os.environ.get("KEEPFIT_ACTOR") or getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown"


def _now() -> datetime:
    return datetime.now(UTC)


OPERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
FLAGS = (
    click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="A keepfit.toml."),
    click.option("--profile", help="A [profile.NAME] of the file."),
    click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override one key."),
    click.option("--json", is_flag=True, help="Print JSON."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


def writes(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a verb that writes to the store: what it does has a name, and is done once."""
    return click.option(
        "--op",
        metavar="NAME",
        callback=_operation,
        help="Name what is done: given again, it is done once, and the answer is the same.",
    )(verb(command))


def verb(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags that every verb has, and hand the command a Session."""

    @functools.wraps(command)
    def wrapped(ctx: click.Context, /, **arguments: Any) -> None:
        flags = {name: arguments.pop(name) for name in ("file", "profile", "json", "quiet")}
        session = Session(
            **flags | {"profile": flags["profile"] or ctx.obj["profile"]},
            overrides=dict(map(_pair, arguments.pop("sets"))),
            debug=arguments.pop("debug") or ctx.obj["debug"],
            **_operation_of(ctx, arguments),
        )
        try:
            command(session, **arguments)
        except Unclear as error:
            raise session.settled(error) from error

    for flag in reversed(FLAGS):
        wrapped = flag(wrapped)
    return click.pass_context(wrapped)


def _operation_of(ctx: click.Context, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a session knows of what was typed, and of the operation where the verb has one."""
    argv = tuple(ctx.obj.get("argv", ()))
    if "op" not in arguments:
        return {"argv": argv}
    from keepfit.store.ulid import ulid

    given = arguments.pop("op")
    return {"op": given or ulid(_now(), os.urandom), "named": bool(given), "argv": argv}


def _operation(_: click.Context, __: click.Parameter, op: str | None) -> str | None:
    if op is not None and not OPERATION.fullmatch(op):
        raise UserError(
            f"--op {op}: expected a name of at most 100 letters, digits, dots, dashes and "
            "underscores, such as nightly-2026-01-31"
        )
    return op


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"--set {text}: expected KEY=VALUE, such as model.fare.params.alpha=0.3")
    return key.strip(), value.strip()
