"""AdamW (Loshchilov and Hutter, 2019), step for step as `torch.optim.AdamW` has it.

That one brings the whole compiler of torch along: seconds for each training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keepfit.kinds.mlp.params import Mlp
from keepfit.kinds.mlp.unfinished import Progress

_MEANS, _SQUARES, _LEAST = 0.9, 0.999, 1e-8  # its own defaults


class Adam:
    """The steps of some weights, which are changed in place."""

    def __init__(
        self, torch: Any, weights: dict[str, Any], progress: Progress, params: Mlp
    ) -> None:
        self._torch, self._rate = torch, params.learning_rate
        self._names, self._weights = list(weights), [one.data for one in weights.values()]
        self._shrinking = [w.data for name, w in weights.items() if not name.endswith("bias")]
        self._kept = 1 - params.learning_rate * params.weight_decay
        self._means = [torch.tensor(progress.means[name]) for name in weights]
        self._squares = [torch.tensor(progress.squares[name]) for name in weights]
        self.steps = progress.steps

    def step(self, slopes: Sequence[Any]) -> None:
        """One step against the slopes."""
        torch = self._torch
        self.steps += 1
        torch._foreach_mul_(self._shrinking, self._kept)
        torch._foreach_lerp_(self._means, slopes, 1 - _MEANS)
        torch._foreach_mul_(self._squares, _SQUARES)
        torch._foreach_addcmul_(self._squares, slopes, slopes, 1 - _SQUARES)
        sizes = torch._foreach_sqrt(self._squares)  # noqa: SLF001 what its own optimisers call
        torch._foreach_div_(sizes, (1 - _SQUARES**self.steps) ** 0.5)
        torch._foreach_add_(sizes, _LEAST)
        rate = self._rate / (1 - _MEANS**self.steps)
        torch._foreach_addcdiv_(self._weights, self._means, sizes, -rate)

    @property
    def means(self) -> dict[str, Any]:
        """Of the slopes of each array."""
        return dict(zip(self._names, (one.numpy() for one in self._means), strict=True))

    @property
    def squares(self) -> dict[str, Any]:
        """Of the squared slopes of each array."""
        return dict(zip(self._names, (one.numpy() for one in self._squares), strict=True))
