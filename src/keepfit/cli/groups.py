"""Verbs that have verbs of their own: `keepfit export model`, `keepfit sagemaker train`."""

from __future__ import annotations

import click


class Words(click.Group):
    """A verb whose first argument says which of several things is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from keepfit.errors import guess

        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = guess(args[0], self.commands)
            ctx.fail(f"there is no `{ctx.info_name} {args[0]}`.{near}")
        return super().resolve_command(ctx, args)
