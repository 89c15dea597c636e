"""What a class of the project's own says of its params, as a table that can be checked."""

from __future__ import annotations

import dataclasses
import inspect
from typing import (
    Any,
    NotRequired,
    Required,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import BaseModel, ConfigDict, create_model

from keepfit.errors import UserError


def table_of(params: Any) -> type[BaseModel] | None:
    """A table with the keys and types of `params`; None where nobody says what they are.

    `params` is a dataclass, a pydantic model, a TypedDict, or any class whose constructor names
    what it takes. UserError for something else.
    """
    if params is None or params is dict:
        return None
    if not isinstance(params, type):
        raise UserError(f"`params` is {params!r}; expected a class, such as a dataclass")
    if issubclass(params, BaseModel):
        return _strict(params)
    return create_model(params.__name__, __config__=_CONFIG, **_fields(params))


_CONFIG = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)


def _strict(params: type[BaseModel]) -> type[BaseModel]:
    """Their own model, which says itself what it forbids; keys that it would not see are wrong."""
    if params.model_config.get("extra") is not None:
        return params
    return type(params.__name__, (params,), {"model_config": ConfigDict(extra="forbid")})


def _fields(params: type) -> dict[str, Any]:
    hints = _hints(params)
    if is_typeddict(params):
        needed: frozenset[str] = vars(params)["__required_keys__"]
        plain = {name: _unmarked(hint) for name, hint in hints.items()}
        return {name: (hint, ... if name in needed else None) for name, hint in plain.items()}
    if dataclasses.is_dataclass(params):
        return {f.name: (hints[f.name], _default(f)) for f in dataclasses.fields(params) if f.init}
    taken = inspect.signature(params).parameters.values()
    return {
        one.name: (hints.get(one.name, Any), ... if one.default is one.empty else one.default)
        for one in taken
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }


def _hints(params: Any) -> dict[str, Any]:
    plain = dataclasses.is_dataclass(params) or is_typeddict(params)
    try:
        return get_type_hints(params if plain else params.__init__, include_extras=True)
    except (NameError, TypeError) as error:
        raise UserError(f"the types of {params.__name__} cannot be read: {error}") from error


def _unmarked(hint: Any) -> Any:
    """The type itself of one that is marked as needed or not."""
    return get_args(hint)[0] if get_origin(hint) in (NotRequired, Required) else hint


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return ... if field.default is dataclasses.MISSING else field.default
