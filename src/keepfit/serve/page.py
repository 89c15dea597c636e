"""The contract as a page: plain HTML that opens anywhere and asks nobody for anything."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #8884; }
pre { padding: .8rem; overflow-x: auto; border: 1px solid #8884; border-radius: .4rem; }
code { font-family: ui-monospace, monospace; }
.verb { font-weight: 600; }
"""


def page(document: dict[str, Any]) -> bytes:
    """HTML of an OpenAPI document of `openapi`."""
    title = escape(document["info"]["title"])
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>",
        "<p>The same for programs: <a href='openapi.json'><code>/openapi.json</code></a></p>",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "post":
                parts.append(_predicting(path, operation, document))
    parts.append("<h2>Other routes</h2><table>")
    for path, methods in document["paths"].items():
        if "get" in methods:
            told = escape(methods["get"]["summary"])
            parts.append(
                f"<tr><td class='verb'>GET</td><td><code>{escape(path)}</code></td>"
                f"<td>{told}</td></tr>"
            )
    return "".join([*parts, "</table></html>"]).encode()


def _predicting(path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    content = operation["requestBody"]["content"]
    example = json.dumps(content["application/json"]["example"])
    curl = (
        f"curl -X POST http://HOST:PORT{path} \\\n  -H 'content-type: application/json' \\\n"
        f"  -d '{example}'"
    )
    reference = content["application/json"]["schema"]["oneOf"][0]["$ref"].rpartition("/")[2]
    row = document["components"]["schemas"][reference]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td>"
        f"<td>{escape(field.get('description', 'names a row; may be left out'))}</td></tr>"
        for name, field in row["properties"].items()
    )
    options = "".join(
        f"<li><code>?{escape(one['name'])}=</code> {escape(one['schema']['type'])}</li>"
        for one in operation["parameters"]
    )
    return (
        f"<h2><span class='verb'>POST</span> <code>{escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])} Rows come and go as "
        f"{', '.join(f'<code>{escape(name)}</code>' for name in content)}.</p>"
        f"<pre>{escape(curl)}</pre>"
        f"<table><tr><th>column</th><th>value; null where it is not known</th></tr>{rows}</table>"
        + (f"<p>Options:</p><ul>{options}</ul>" if options else "")
    )
