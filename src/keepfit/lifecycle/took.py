"""How long the last retraining of a model took on this machine: about what the next one takes."""

from __future__ import annotations

from keepfit.lifecycle.model import Model


def remember(model: Model, seconds: float) -> None:
    """Keep the seconds beside the project; nothing but what a plan says hangs on them."""
    file = model.root / ".keepfit" / "took" / model.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{seconds:.3f}\n")


def last(model: Model) -> float | None:
    """The seconds that were kept; None where there are none."""
    try:
        return float((model.root / ".keepfit" / "took" / model.name).read_text())
    except (OSError, ValueError):
        return None
