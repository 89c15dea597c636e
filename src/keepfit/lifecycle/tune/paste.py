"""What a search found, as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keepfit.config.lines import dotted


def paste(name: str, params: Mapping[str, Any]) -> str:
    """The table of the model's params as TOML."""
    lines = [f"{dotted((key,))} = {_spelt(value)}" for key, value in params.items()]
    return "\n".join([f"[{dotted(('model', name, 'params'))}]", *lines])


def _spelt(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = (f"{dotted((key,))} = {_spelt(each)}" for key, each in value.items())
        return f"{{ {', '.join(inner)} }}"
    return json.dumps(value, ensure_ascii=False)
