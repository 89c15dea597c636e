"""The project that a file declares, past the door."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keepfit.config.lines import KeyPath, dotted
from keepfit.config.nodes import DEFAULT, Origin
from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.serving import Serve
from keepfit.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Project:
    """Every model of the file, checked, with all defaults filled in."""

    file: Path
    root: Path  # the file's folder
    name: str
    store: str = field(repr=False)  # an absolute path, or an address; may hold a secret
    stages: tuple[str, ...]
    require: Literal["any", "clean"]
    signers: Path | None  # the file of those who may sign approvals; None: they are not signed
    serve: Serve = field(repr=False)  # may hold a secret
    profile: str | None
    models: dict[str, ModelSpec] = field(repr=False)
    params: dict[str, Any] = field(repr=False)  # of each model, what its kind made of them
    secrets: frozenset[str] = field(repr=False)  # what `${NAME}` stood for; show it to nobody
    # by key, tables as well; what is missing is a default
    origins: dict[str, Origin] = field(repr=False)
    tables: Mapping[str, Any] = field(repr=False)  # `project` and `model`, secrets as `${NAME}`

    def resolved(self, model: str) -> dict[str, Any]:
        """The model's table, defaults filled in, secrets as `${NAME}`; UnknownName with a guess."""
        if model not in self.models:
            raise UnknownName("model", model, self.models)
        return deepcopy(self.tables["model"][model])

    def origin(self, path: KeyPath) -> Origin:
        """Where the value or the table at a key came from."""
        return self.origins.get(dotted(path), DEFAULT)
