"""Weights of networks as a file of safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepfit.errors import Corrupt, NotInstalled

WEIGHTS = "weights.safetensors"


def tensors(kind: str, data: bytes | None) -> dict[str, dict[str, Any]]:
    """What a file of weights holds: shape and little-endian bytes of each array, by name."""
    safetensors = _safetensors(kind)
    if data is None:
        raise Corrupt(f"{WEIGHTS}: this is no model of kind `{kind}`: it is missing")
    try:
        return dict(safetensors.deserialize(data))
    except (safetensors.SafetensorError, ValueError) as error:
        raise Corrupt(f"{WEIGHTS}: these are no weights: {error}") from error


def written(kind: str, arrays: Mapping[str, Any]) -> bytes:
    """Arrays of numpy as a file of weights; the same arrays give the same bytes."""
    _safetensors(kind)
    from safetensors.numpy import save

    return bytes(save({name: arrays[name] for name in sorted(arrays)}))


def _safetensors(kind: str) -> Any:
    try:
        import safetensors
    except ImportError as error:
        raise NotInstalled(f"kind `{kind}`", "safetensors") from error
    return safetensors
