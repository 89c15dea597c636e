"""The JSON Schema of `keepfit.toml`, for editors: made from the same records that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from keepfit.config.schema.model import ModelSpec, ProjectTable

Schema = dict[str, Any]

_PARTIAL = ("ModelSpec", "Data")  # tables that [defaults], a profile and a model share out


def json_schema(params: Mapping[str, type[BaseModel]]) -> Schema:
    """The schema of the whole file, where `params` tells what each kind takes."""
    records: dict[type[BaseModel], None] = dict.fromkeys((ProjectTable, ModelSpec))
    records |= dict.fromkeys(params.values())
    keys, made = models_json_schema(
        [(record, "validation") for record in records], ref_template="#/$defs/{model}"
    )
    tables: dict[str, Schema] = made["$defs"]
    required = {name: tables[name].pop("required") for name in _PARTIAL}
    _by_kind(tables["ModelSpec"], {kind: keys[p, "validation"] for kind, p in params.items()})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "keepfit.toml",
        "description": "The models of a project, and how each is kept fit.",
        **_file(tables["ProjectTable"]),
        **_complete_without_defaults(required),
        "$defs": tables,
    }


def _by_kind(model: Schema, params: Mapping[str, Any]) -> None:
    """Lets the kind decide what `params` may hold."""
    model["properties"]["kind"]["enum"] = sorted(params)
    model["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"properties": {"params": schema}},
        }
        for kind, schema in sorted(params.items())
    ]


def _file(project: Schema) -> Schema:
    """The tables of the file; a profile has the project's keys, none required, and two tables."""
    model: Schema = {"$ref": "#/$defs/ModelSpec"}
    models = {"description": "The models, by name.", **_named(model)}
    defaults = {"description": "What lies under every model.", **model}
    inner = {"defaults": defaults, "model": models}
    profile = {
        "type": "object",
        "properties": project["properties"] | inner,
        "additionalProperties": False,
    }
    profiles = {"description": "What `--profile NAME` lays over the file.", **_named(profile)}
    tables = {"project": {"$ref": "#/$defs/ProjectTable"}, "profile": profiles, **inner}
    return {
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
        "required": ["project"],
    }


def _named(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _complete_without_defaults(required: Mapping[str, list[str]]) -> Schema:
    """What a model must hold by itself where no `[defaults]` could hold it."""
    whole = {
        "required": [name for name in required["ModelSpec"] if name != "features"],
        "if": {"not": {"required": ["series"]}},  # whose columns are what a forecast reads
        "then": {"required": ["features"]},
        "properties": {"data": {"required": required["Data"]}},
    }
    return {
        "if": {"not": {"required": ["defaults"]}},
        "then": {"properties": {"model": {"additionalProperties": whole}}},
    }
