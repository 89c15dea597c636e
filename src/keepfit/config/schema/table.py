"""What every table of `keepfit.toml` is: frozen, and a key it does not know is an error."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from keepfit.config.meaning import explained


class Table(BaseModel):
    """A table of the file: frozen, and a key it does not know is an error."""

    # JSON knows no infinity: it comes as a text there, and is read back from it
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, ser_json_inf_nan="strings"
    )

    def plain(self) -> dict[str, Any]:
        """The table as JSON holds it, its keys as the file spells them."""
        table: dict[str, Any] = msgspec.json.decode(self.model_dump_json(by_alias=True))
        return table

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return explained(cls, core, handler)
