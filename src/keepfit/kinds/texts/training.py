"""How long a network learns, and how sure of itself it may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepfit.kinds.encode import Floats
from keepfit.kinds.texts.grams import Places
from keepfit.kinds.texts.network import Course, Examples, Network
from keepfit.kinds.texts.params import TextClassifier

_TEMPERATURES = np.geomspace(0.25, 16, 49)  # a step makes scores an eighth of an octave milder


def train(
    examples: Examples,
    validation: Examples | None,
    runs: Sequence[Places],
    params: TextClassifier,
    random: np.random.Generator,
) -> tuple[Network, float]:
    """Some networks as one, and the temperature that makes its probabilities fit the validation
    texts (Guo and others, 2017); without any, 1."""
    several = [
        _one(examples, validation, runs, params, mine) for mine in random.spawn(params.networks)
    ]
    network = together(several)
    if validation is None:
        return network, 1.0
    return network, float(_TEMPERATURES[np.argmin(losses(network, validation))])


def _one(
    examples: Examples,
    validation: Examples | None,
    runs: Sequence[Places],
    params: TextClassifier,
    random: np.random.Generator,
) -> Network:
    """A network after the epoch that validation likes best; without validation, after the last."""
    course = Course(examples.texts, runs, params, random)
    best, least, since = course.network(), float("inf"), 0
    for epoch in range(params.epochs):
        course.epoch(examples, params.learning_rate * (1 - epoch / params.epochs))
        if validation is None:
            continue
        network = course.network()
        loss = float(losses(network, validation).min())
        best, least, since = (network, loss, 0) if loss < least else (best, least, since + 1)
        if since == params.patience:
            break
    return course.network() if validation is None else best


def together(several: Sequence[Network]) -> Network:
    """The network whose scores are the means of theirs."""
    return Network(
        np.concatenate([each.grams for each in several], axis=1),
        np.concatenate([each.labels for each in several]) * np.float32(1 / len(several)),
        np.concatenate([each.sentences for each in several], axis=1),
    )


def losses(network: Network, examples: Examples) -> Floats:
    """The log loss at each temperature."""
    totals, first = np.zeros(_TEMPERATURES.size), 0
    for scores in network.scores(network.hidden(examples.texts)):
        truth = examples.labels[first : first + len(scores)]
        first += len(scores)
        highest = scores.max(axis=1, keepdims=True)
        below = (scores - highest).astype(np.float64)
        right = below[np.arange(truth.size), truth]
        for place, temperature in enumerate(_TEMPERATURES):
            sums = np.log(np.exp(below / temperature).sum(axis=1))
            totals[place] += np.sum(sums - right / temperature)
    return totals / first
