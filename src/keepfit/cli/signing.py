"""The key with which the person at this terminal signs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.session import actor
from keepfit.errors import UserError

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.lifecycle.model import Model
    from keepfit.lifecycle.releasing.ssh import SshSigner

VARIABLE = "KEEPFIT_SIGNING_KEY"
KEY = click.option(
    "--key",
    type=click.Path(path_type=Path),
    help=f"The SSH key that signs; else {VARIABLE}, else git's user.signingkey.",
)


def signer(project: Project, model: Model, stage: str, key: Path | None) -> SshSigner | None:
    """Who signs here for the stage; None where nobody must. UserError where no key is found."""
    from keepfit.config.git import signing_key
    from keepfit.lifecycle.releasing.ssh import signer_of

    if project.signers is None and key:
        raise UserError(
            f"--key {key}: the project names nobody who may sign",
            hint='in [project]: signers = "allowed_signers"',
        )
    if project.signers is None or not model.trust.asks(stage):
        return None
    named = os.environ.get(VARIABLE)
    found = key or (Path(named) if named else signing_key(project.root))
    if found is None:
        model.trust.signed(stage, None)
        return None
    return signer_of(project.signers, found.expanduser(), actor())
