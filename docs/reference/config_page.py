"""Every key of keepfit.toml, from the records that read it."""

# ruff: noqa: INP001 - a script's own module, no package
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from writing import prose, table

from keepfit import kinds
from keepfit.config.jsonschema import json_schema

Schema = dict[str, Any]

TABLES = {  # what stands in the file -> the record that reads it
    "[model.NAME]": "ModelSpec",
    "[model.NAME.per]": "Per",
    "[model.NAME.data]": "Data",
    "A source that is a database": "Sql",
    "[model.NAME.data.origin]": "Origin",
    "[model.NAME.data.text.COLUMN]": "Text",
    "[model.NAME.checks]": "Checks",
    "[model.NAME.split]": "Split",
    "[model.NAME.encode]": "Encode",
    "[model.NAME.tune]": "Tune",
    "A range of tune.params": "Range",
    "[model.NAME.gate]": "Gate",
    "One of gate.rules": "Rule",
    "[model.NAME.benchmark.BENCHMARK]": "Benchmark",
    "[model.NAME.metric.METRIC]": "Metric",
    "[model.NAME.promote]": "Promote",
    "[model.NAME.schedule]": "Schedule",
    "[model.NAME.keep]": "Keep",
    "[model.NAME.serve]": "Answering",
    "[model.NAME.card]": "Card",
    "[project.serve]": "Serve",
}
REQUIRED = {"kind", "target", "features", "source"}  # of a model, unless [defaults] says them
NOTES = {
    "Keep": "`keepfit gc` shows what these rules keep, and deletes the rest only with `--yes`."
}
ELSEWHERE = {"ModelSpec": {"name", "params"}}  # in the table's header; in chapters of their own

WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "table",
}
BOUNDS = {
    "exclusiveMinimum": "above",
    "minimum": "at least",
    "exclusiveMaximum": "below",
    "maximum": "at most",
}


def page() -> Iterator[str]:
    """Every key of keepfit.toml, and what each kind takes."""
    params = {name: kinds.params_of(name) for name in kinds.KINDS}
    records = json_schema(params)["$defs"]
    yield from prose("""
        # keepfit.toml

        Every key: its type, its default, what it means. `keepfit check --show` prints the values
        of your project and where each came from; `keepfit check --schema` prints the JSON Schema
        that editors complete from.

        A *span* is a whole number and one of hour, day, week, month, quarter, year: `1 month`,
        `12 weeks`. A key that is not named here is an error.
    """)
    yield from _layers()
    yield from _keys("[project]", "ProjectTable", records)
    for title, name in TABLES.items():
        yield from _keys(title, name, records)
    yield from prose("""
        ## [model.NAME.params]

        What the kind takes.
    """)
    for kind, record in params.items():
        yield from _keys(f'kind = "{kind}"', record.__name__, records, level=3)


def _layers() -> Iterator[str]:
    yield from prose("""
        ## Layers

        What stands higher up wins:
    """)
    yield from table(
        ("where", "spelt"),
        (
            ("a flag", "`--set model.price.params.alpha=0.3`"),
            ("an environment variable", "`KEEPFIT__MODEL__PRICE__PARAMS__ALPHA=0.3`"),
            ("the same for the store", "`KEEPFIT_STORE=/srv/models`"),
            ("a profile", "`[profile.prod]`, chosen by `--profile prod` or `KEEPFIT_PROFILE=prod`"),
            ("the model", "`[model.price]`"),
            ("what models share", "`[defaults]`, with the keys of a model"),
        ),
    )
    yield from prose("""
        A profile holds the keys of `[project]` and the tables `defaults` and `model`. `${NAME}` in
        a text reads the environment, or the file `.env` beside `keepfit.toml`; `$${` is a plain
        `${`.
    """)


def _keys(title: str, name: str, records: Schema, level: int = 2) -> Iterator[str]:
    """A table of the file: its keys with type, default and meaning."""
    record = records[name]
    needed = {*record.get("required", ()), *(REQUIRED if name in ("ModelSpec", "Data") else ())}
    yield from (f"{'#' * level} {title}", "")
    yield from prose("\n\n".join(filter(None, (record.get("description"), NOTES.get(name)))))
    rows = (
        (f"`{key}`", _type(it), "required" if key in needed else _default(it), _meaning(it))
        for key, it in record["properties"].items()
        if key not in ELSEWHERE.get(name, ()) and not _is_chapter(it)
    )
    yield from table(("key", "type", "default", "meaning"), rows)


def _is_chapter(it: Schema) -> bool:
    values = it.get("additionalProperties")
    return "$ref" in it or (isinstance(values, dict) and "$ref" in values)


def _meaning(it: Schema) -> str:
    return str(it.get("description", ""))


def _default(it: Schema) -> str:
    value = it.get("default")
    return "" if value in (None, "", [], {}) else f"`{json.dumps(value)}`"


def _type(it: Schema) -> str:
    """The type of a key in words, from its JSON Schema."""
    if "anyOf" in it:
        types = [_type(one) for one in it["anyOf"] if one.get("type") != "null"]
        wider = {"whole number"} if "number" in types else set()
        return " or ".join(one for one in types if one not in wider)
    if "$ref" in it:
        return "table"
    if "enum" in it:
        return " or ".join(f"`{json.dumps(value)}`" for value in it["enum"])
    return _plain_type(it)


def _plain_type(it: Schema) -> str:
    match it:
        case {"type": "array", "items": {"anyOf": _}}:
            return "list"
        case {"type": "array", "items": items}:
            return "list of tables" if "$ref" in items else f"list of {_type(items)}"
        case {"type": "array", "prefixItems": items}:
            return f"list of {len(items)}: {_type(items[0])}"
        case {"type": "object", "additionalProperties": dict() as values}:
            return f"table of {_type(values)}"
        case {"type": "string", "examples": _}:
            return "span"
    bounds = (f"{word} {it[name]:g}" for name, word in BOUNDS.items() if name in it)
    return f"{WORDS[it['type']]} {', '.join(bounds)}".rstrip()
