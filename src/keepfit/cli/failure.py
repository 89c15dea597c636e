"""How an error looks to the user: what, where, the next step, and no traceback unless asked."""

from __future__ import annotations

import errno
import traceback

import click

from keepfit.errors import ConfigError, KeepfitError, SystemFailure

REFUSALS = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EDQUOT: "free some space and run the command again",
    errno.EFBIG: "a file may not grow that large here: see `ulimit -f`",
    errno.EACCES: "see who may write there, or name another place",
    errno.EPERM: "see who may write there, or name another place",
    errno.EROFS: "it is read-only: name another place",
    errno.EIO: "the disk fails: look at the system's log",
}


def show_failure(error: Exception, *, debug: bool) -> int:
    """Write the error to stderr; the exit code that says who must act."""
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, OSError) and error.errno in REFUSALS:
        # What the system refuses is nobody's bug, wherever it happened.
        place = error.filename or "the output"
        error = SystemFailure(f"{place}: {error.strerror}", hint=REFUSALS[error.errno])
    if isinstance(error, ConfigError):
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        click.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was done.", err=True)
        click.echo("  next: correct what is named, then: keepfit check", err=True)
    elif isinstance(error, KeepfitError):
        click.echo(f"keepfit: {error}", err=True)
    else:
        click.echo(f"keepfit: a bug in keepfit: {type(error).__name__}: {error}", err=True)
        click.echo("  next: run it again with --debug and report what it prints", err=True)
    if isinstance(error, KeepfitError) and error.hint:
        click.echo(f"  next: {error.hint}", err=True)
    return error.exit_code if isinstance(error, KeepfitError) else 1
