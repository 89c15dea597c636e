"""The terminal's way in. Nothing heavy is imported here: `keepfit --help` must be instant."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from collections.abc import MutableMapping, Sequence

import click

from keepfit.__version__ import __version__

VERBS: dict[str, tuple[str, str]] = {
    "init": ("begin", "Begin a project: from your CSV or Parquet file, or --example flights."),
    "check": ("check", "Check the file, the code it names, sources and store: all that is wrong."),
    "plan": ("plan", "Say which models need retraining, and why."),
    "run": ("run", "Retrain what is due: train, judge, publish, promote or ask."),
    "train": ("run", "Train a candidate and gather its evidence, nothing else."),
    "tune": ("tune", "Search hyperparameters on the training rows; print the TOML to paste."),
    "evaluate": ("evaluate", "Score a version on rows."),
    "compare": ("evaluate", "Compare two versions on the same rows."),
    "approve": ("release", "Answer a pending request with yes."),
    "reject": ("release", "Answer a pending request with no."),
    "promote": ("release", "Let a stage point at a version, through the same gate."),
    "rollback": ("release", "Let a stage point at what it held before."),
    "list": ("look", "List the versions."),
    "show": ("show", "Show a version: scores, verdict, data, encoding, recipe."),
    "report": ("report", "Write the report on a version: one HTML file, or JSON."),
    "history": ("look", "Tell what happened to a model."),
    "live": ("look", "Say what was live at a time."),
    "gc": ("collect", "Delete what no rule keeps; shows first."),
    "undelete": ("keep", "Have a deleted version back."),
    "pin": ("keep", "Keep a version, whatever the rules say."),
    "unpin": ("keep", "Let the rules decide again."),
    "rebuild": ("rebuild", "Make a version again; say IDENTICAL, or what differs."),
    "restore": ("rebuild", "Have a version back of which gc has kept the recipe."),
    "predict": ("predict", "Predict a file of rows, of any size."),
    "serve": ("serve", "Serve models over HTTP; follows the stage without dropping a request."),
    "verify": ("verify", "Verify a version: log, files, rows, verdict, approvals."),
    "doctor": ("doctor", "Verify a store; repair what its logs tell as well."),
    "replay": ("replay", "Run the whole life over past months, under several policies."),
    "export": ("export", "Write what other tools run: a model as a folder, a container."),
    "sagemaker": ("sagemaker", "Train and serve as a container in SageMaker does."),
    "conform": ("conform", "Check a container's commands, point by point."),
}


class Verbs(click.Group):
    """The verbs in the order of their use, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in VERBS:
            return None
        module, _ = VERBS[name]
        command = getattr(importlib.import_module(f"keepfit.cli.{module}"), f"{name}_")
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from keepfit.errors import guess

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(f"there is no verb `{args[0]}`.{guess(args[0], VERBS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl([(name, help_) for name, (_, help_) in VERBS.items()])


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every verb tells more: keepfit VERB --help.",
)
@click.version_option(__version__, prog_name="keepfit", message="%(prog)s %(version)s")
@click.option("--profile", envvar="KEEPFIT_PROFILE", help="A [profile.NAME] of the file.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def keepfit(ctx: click.Context, profile: str | None, debug: bool) -> None:  # noqa: FBT001 a flag
    """Keep every model fit for production."""
    ctx.obj = {**(ctx.obj or {}), "profile": profile, "debug": debug}


def main(arguments: Sequence[str] | None = None) -> None:
    """The program: runs a verb and exits with the code that says who must act."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    _make_quick(os.environ)
    try:
        world = {"argv": tuple(argv)}
        keepfit.main(args=argv, prog_name="keepfit", standalone_mode=False, obj=world)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "keepfit: stopped. Nothing is half written; run the same command again.", err=True
        )
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output went away (`keepfit list | head`): no error of ours.
        sys.stdout = None
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 the last door: nobody above shows it to the user
        from keepfit.cli.failure import show_failure

        sys.exit(show_failure(error, debug="--debug" in argv))


def _make_quick(environ: MutableMapping[str, str]) -> None:
    # Each thread that OpenBLAS starts spins for some 90 ms, on the core where the training process
    # is starting. The sums of this side are small, and with one thread they are the same anywhere.
    environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Nearly all that imports make stays: looking through it a hundred times finds nothing.
    gc.set_threshold(50_000)
    # An interpreter that ends looks through all of it again, for up to 0.4 s.
    atexit.register(gc.freeze)
