"""What each key is for: the string that stands below it in the source.

It is read when somebody asks. pydantic would read it at every import, which costs each command
more than all the rest of loading a file.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema


def explained(
    table: type[BaseModel], core: CoreSchema, handler: GetJsonSchemaHandler
) -> dict[str, Any]:
    """The JSON Schema of a table, telling what each of its keys is for."""
    made = handler(core)
    properties = handler.resolve_ref_schema(made).get("properties", {})
    for name, meaning in meanings(table).items():
        key = table.model_fields[name].alias or name
        if key in properties:
            properties[key].setdefault("description", meaning)
    return made


def meanings(table: type[BaseModel]) -> dict[str, str]:
    """The meaning of each field of a table, those of its parents included, in their order."""
    found: dict[str, str] = {}
    for parent in reversed(table.__mro__):
        if issubclass(parent, BaseModel) and parent.__module__.partition(".")[0] != "pydantic":
            found |= _below_fields(parent)
    return {name: found[name] for name in table.model_fields if name in found}


def _below_fields(table: type[BaseModel]) -> dict[str, str]:
    try:
        source = inspect.getsource(table)
    except (OSError, TypeError):  # made by a program, from a class of the project's own
        return {}
    (definition,) = ast.parse(textwrap.dedent(source)).body
    if not isinstance(definition, ast.ClassDef):
        return {}
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
