"""Paths into the future, drawn from the network step by step: each reads what it drew before.

What is drawn for a series hangs on nothing else that is there: it has a source of chance of its
own, and a place of its own in a batch, for how products are added up hangs on that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keepfit.data.steps import Floats, Id
from keepfit.digest import digest_of
from keepfit.kinds.deepar.inputs import Lines

_TOGETHER = 16  # series a batch


def paths(
    torch: Any, network: Any, lines: Lines, who: list[tuple[Id, int]], samples: int
) -> Iterator[Floats]:
    """Of each series (samples, steps), in its own unit, from the end of what is known of it.

    `who` names each, and the step that follows on its last.
    """
    for begin in range(0, len(who), _TOGETHER):
        which = np.arange(begin, min(begin + _TOGETHER, len(who)))
        chance = [
            _chance([lines.shape.seed, *who[at]], samples, lines.shape.horizon) for at in which
        ]
        windows = lines.windows(which, lines.end[which])
        known = {n: torch.from_numpy(a) for n, a in windows.items() if n not in _UNKNOWN}
        with torch.no_grad():
            drawn = _drawn(torch, network, known, torch.from_numpy(np.concatenate(chance)))
        yield from drawn.numpy().reshape(len(which), samples, -1)


_UNKNOWN = ("future_target", "future_observed_values")


def _chance(source: list[Any], samples: int, horizon: int) -> Floats:
    """(samples, steps) between 0 and 1, one in each equal share of that at every step."""
    random = np.random.default_rng(int(digest_of(source), 16))
    shares = np.repeat(np.arange(samples)[:, None], horizon, axis=1)
    drawn = (random.permuted(shares, axis=0) + random.random((samples, horizon))) / samples
    return np.clip(drawn, 1e-9, 1 - 1e-9)


def _drawn(torch: Any, network: Any, known: dict[str, Any], chance: Any) -> Any:
    """(series x samples, steps): what is where each chance lies in the distribution of its step."""
    series, horizon = len(known["past_target"]), chance.shape[1]
    samples = len(chance) // series
    future = known.pop("future_time_feat")
    args, scale, _, static, state = network.unroll_lagged_rnn(
        **known, future_time_feat=future[:, :1]
    )

    def each(one: Any, dim: int = 0) -> Any:
        return one.repeat_interleave(samples, dim=dim)

    args, state = [each(one[:, -1:]) for one in args], [each(one, 1) for one in state]
    scale, static, future = each(scale), each(static)[:, None], each(future)
    past = known["past_target"].shape[1]
    values = torch.zeros(len(chance), past + horizon)  # those before, and those that are drawn
    values[:, :past] = each(known["past_target"]) / scale
    lags, found = torch.tensor(network.lags_seq), torch.zeros(chance.shape, dtype=torch.float64)
    for step in range(horizon):
        law = network.output_distribution(args, scale=scale)
        found[:, step] = law.icdf(chance[:, step : step + 1])[:, 0]
        if step + 1 < horizon:
            values[:, past + step] = found[:, step] / scale[:, 0]
            lagged = values[:, past + step - lags][:, None]
            read = torch.cat([lagged, static, future[:, step + 1 : step + 2]], dim=-1)
            output, state = network.rnn(read, state)
            args = network.param_proj(output)
    return found
