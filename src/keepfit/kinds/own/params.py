"""What a class of the project's own takes from `[model.NAME.params]`."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from keepfit.config.values import ClassPath
from keepfit.kinds.base import Params


class Python(Params):
    """A class of the project's own; every other key is given to it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    class_: ClassPath = Field(alias="class")
    """module:Class, from a file beside keepfit.toml"""
