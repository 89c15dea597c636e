"""How the network of DeepAR learns: by windows of series and times that are drawn by chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keepfit.errors import UserError
from keepfit.kinds.deepar.inputs import Lines
from keepfit.kinds.forecasts.params import DeepAr

_LONGEST = 10.0  # that the slope of a step may be, as in GluonTS


def train(torch: Any, network: Any, lines: Lines, params: DeepAr) -> list[float]:
    """The loss of each epoch: the mean negative log-likelihood of a value, in its series' unit.

    The network learns in place. UserError where the loss becomes infinite.
    """
    random = np.random.default_rng(lines.shape.seed % 2**64)
    weights = list(network.parameters())
    adam = torch.optim.Adam(weights, lr=params.learning_rate, weight_decay=params.weight_decay)
    steps, lost = params.epochs * params.batches_per_epoch, []
    network.train()
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = params.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        loss = network.loss(**_batch(torch, lines, params.batch_size, random)).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, _LONGEST)
        adam.step()
        lost.append(loss.item())
        if not math.isfinite(lost[-1]):
            raise UserError(
                f"the loss became infinite in epoch {step // params.batches_per_epoch + 1}",
                hint="lower params.learning_rate, or look for values far from all others",
            )
    return [float(one) for one in np.reshape(lost, (params.epochs, -1)).mean(axis=1)]


def _batch(torch: Any, lines: Lines, size: int, random: np.random.Generator) -> dict[str, Any]:
    """Windows of series by chance, at times by chance, all that is forecast of them known."""
    shape = lines.shape
    which = random.integers(len(lines.first), size=size)
    latest = lines.end[which] - shape.horizon
    # where a series is long enough, all that is read before is known as well
    earliest = np.minimum(lines.first[which] + shape.context, latest)
    cuts = random.integers(earliest, latest, endpoint=True)
    return {name: torch.from_numpy(one) for name, one in lines.windows(which, cuts).items()}
