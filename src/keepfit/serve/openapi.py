"""The contract as OpenAPI 3.1, with each model's own input schema and a row as it might come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepfit.__version__ import __version__
from keepfit.serve.answer import columns
from keepfit.serve.door.schema import Family, Field
from keepfit.serve.media import TYPES
from keepfit.serve.options import Options
from keepfit.serve.served import Served

Schema = dict[str, Any]

_TYPES: dict[Family, Schema] = {
    "number": {"type": ["number", "null"]},
    "whole": {"type": ["integer", "null"]},
    "text": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "datetime": {"type": ["string", "null"]},
    "other": {},
}
_ERRORS = {
    "400": "What is wrong, by row and column.",
    "401": "The API key is missing or another.",
    "406": "None of the accepted types can be made.",
    "408": "The request did not arrive in time.",
    "413": "The body is larger than the server takes.",
    "415": "The content type cannot be read.",
    "503": "No model yet, or too many requests: see Retry-After.",
}


def openapi(models: Mapping[str, Served], *, several: bool, key: bool) -> Schema:
    """The document; `key`: whether requests must bring one."""
    paths: Schema = {}
    for name, served in models.items():
        paths[f"/models/{name}/invocations"] = {"post": _invocations(served)}
        paths[f"/models/{name}"] = {"get": _get(f"What {name} is.", f"about_{name}")}
    if not several:
        for served in models.values():
            paths["/invocations"] = {"post": _invocations(served, alias=True)}
            paths["/model"] = {"get": _get("What the model is.", "about")}
    for path, said in (
        ("/ping", "200 once every model is loaded."),
        ("/healthz", "The same."),
        ("/readyz", "The same."),
        ("/models", "Every model."),
        ("/metrics", "What Prometheus reads."),
        ("/openapi.json", "This document."),
        ("/docs", "The contract as a page."),
    ):
        paths[path] = {"get": _get(said, path.strip("/").replace(".", "_"))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "keepfit: " + ", ".join(models), "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {
                **{f"{name}-row": _row(served) for name, served in models.items()},
                "error": _ERROR,
            },
            **({"securitySchemes": _SCHEMES} if key else {}),
        },
        **({"security": [{name: []} for name in _SCHEMES]} if key else {}),
    }


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string"},
        "request_id": {"type": "string"},
        "more": {"type": "boolean"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": "integer"},
                    "column": {"type": "string"},
                    "value": {"type": "string"},
                    "expected": {"type": "string"},
                },
            },
        },
    },
}


def _get(told: str, operation: str) -> Schema:
    return {
        "summary": told,
        "operationId": operation,
        "responses": {
            "200": {"description": told},
            **_errors(("401", "503")),
        },
    }


def _errors(which: tuple[str, ...]) -> Schema:
    content = {TYPES["json"]: {"schema": {"$ref": "#/components/schemas/error"}}}
    return {code: {"description": _ERRORS[code], "content": content} for code in which}


def _invocations(served: Served, *, alias: bool = False) -> Schema:
    row = {"$ref": f"#/components/schemas/{served.model}-row"}
    example = served.schema.example()
    lines = {"type": "string"}
    header = ",".join(example)
    cells = ",".join("" if value is None else str(value) for value in example.values())
    return {
        "summary": f"Predict {served.fetched.spec.target} by {served.name}.",
        "operationId": "predict" if alias else f"predict_{served.model}",
        "parameters": _parameters(served),
        "requestBody": {
            "required": True,
            "content": {
                TYPES["json"]: {
                    "schema": {"oneOf": [row, {"type": "array", "items": row}, _table(served)]},
                    "example": [example],
                },
                TYPES["lines"]: {"schema": lines, "example": "{…}\n{…}"},
                TYPES["csv"]: {"schema": lines, "example": f"{header}\n{cells}\n"},
            },
        },
        "responses": {
            "200": {
                "description": "A prediction a row, in order.",
                "headers": {
                    "x-keepfit-model": {"schema": {"type": "string"}, "example": served.name},
                    "x-request-id": {"schema": {"type": "string"}},
                },
                "content": {
                    TYPES["json"]: {"schema": _answer(served)},
                    TYPES["lines"]: {"schema": lines},
                    TYPES["csv"]: {"schema": lines},
                },
            },
            **_errors(("400", "401", "406", "408", "413", "415", "503")),
        },
    }


def _parameters(served: Served) -> list[Schema]:
    if not served.classes:
        return []
    number = {"type": "integer", "minimum": 0, "maximum": 999999}
    text = isinstance(served.classes[0], str)
    prefix = [{"name": "prefix", "in": "query", "schema": number}] if text else []
    return [
        {"name": "probabilities", "in": "query", "schema": {"type": "boolean"}},
        {"name": "top_k", "in": "query", "schema": number},
        *prefix,
    ]


def _row(served: Served) -> Schema:
    properties = {field.name: _field(field) for field in served.schema.fields}
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **{name: {} for name in served.schema.carried}},
        "additionalProperties": False,
        "examples": [served.schema.example()],
    }


def _table(served: Served) -> Schema:
    columns_ = {
        field.name: {"type": "array", "items": _field(field)} for field in served.schema.fields
    }
    carried = {name: {"type": "array"} for name in served.schema.carried}
    return {
        "type": "object",
        "required": list(columns_),
        "properties": columns_ | carried,
        "additionalProperties": False,
    }


def _field(field: Field) -> Schema:
    schema = {**_TYPES[field.family], "description": field.words}
    if field.low is not None and field.high is not None:
        bounds = {"minimum": field.low, "maximum": field.high}
        schema |= {name: end for name, end in bounds.items() if abs(end) != float("inf")}
    return schema


def _answer(served: Served) -> Schema:
    value: Schema = {"type": ["number", "null"]}
    if served.classes:
        whole = not any(isinstance(label, str) for label in served.classes)
        value = (
            {"enum": [*served.classes, None]}
            if whole
            else {"type": ["string", "null"], "examples": [*served.classes[:5]]}
        )
    wide = {"type": "object", "required": columns(Options(), served.classes, served.levels)}
    version = {"type": "string", "example": served.version}
    one = {
        "type": "object",
        "required": ["prediction", "version"],
        "properties": {"prediction": value, "version": version}
        | {name: {"type": "number"} for name in served.levels},
    }
    many = {
        "type": "object",
        "required": ["predictions", "version"],
        "properties": {
            "predictions": {"type": "array", "items": {"anyOf": [value, wide]}},
            "version": version,
        },
    }
    return {"oneOf": [one, many]}
