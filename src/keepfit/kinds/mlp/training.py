"""How a network learns, by torch: the only place that knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepfit.errors import UserError
from keepfit.kinds.encode import Floats
from keepfit.kinds.mlp.adam import Adam
from keepfit.kinds.mlp.file import Course, Epoch
from keepfit.kinds.mlp.inputs import Inputs
from keepfit.kinds.mlp.network import Singles
from keepfit.kinds.mlp.params import Mlp
from keepfit.kinds.mlp.shape import Shape
from keepfit.kinds.mlp.unfinished import Progress, Unfinished
from keepfit.kinds.torch_pins import pinned

_AT_ONCE = 8192  # rows whose loss is measured at once


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows with what is to be said of them."""

    inputs: Inputs
    target: np.ndarray  # deviations from the mean, or the places of the labels
    weight: Floats | None = None  # how much each row counts; None: all the same

    def arrays(self) -> list[np.ndarray]:
        """All of it: one array for each row, as torch takes them."""
        numbers = np.ascontiguousarray(self.inputs.numbers.T, dtype=np.float32)
        codes = np.ascontiguousarray(self.inputs.codes.T, dtype=np.int64)
        target = self.target.astype(np.float32 if self.target.dtype.kind == "f" else np.int64)
        weight = np.ones(len(target)) if self.weight is None else self.weight
        return [numbers, codes, target, weight.astype(np.float32)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be learned, and how."""

    shape: Shape
    params: Mlp
    unit: float  # of the loss, in the target's own
    start: dict[str, Singles]  # the weights that it begins from
    goes_on: bool  # whether those have learned before
    seed: int
    threads: int


def train(
    torch: Any, plan: Plan, examples: Examples, validation: Examples | None, unfinished: Unfinished
) -> tuple[dict[str, Singles], Course, int]:
    """The weights after the epoch that validation likes best, without validation after the last;
    what was lost in each epoch; and how many of the epochs an earlier training had done. UserError
    where the loss becomes infinite.

    What it has learned by the end of an epoch is kept in `unfinished`: a training that is ended
    goes on from there, to the same weights.
    """
    with pinned(torch, plan.threads):
        learner = _Learner(torch, plan, examples, validation)
        before = unfinished.read()
        progress = before or learner.begun()
        while progress.epoch < plan.params.epochs and progress.since < plan.params.patience:
            progress = learner.after(progress)
            unfinished.write(progress)
        unfinished.remove()
    course = Course(kept=progress.kept, epochs=progress.epochs)
    return progress.best, course, before.epoch if before else 0


@dataclass(slots=True)
class _Learner:
    """A network while it learns."""

    torch: Any
    plan: Plan
    examples: Examples
    validation: Examples | None
    _train: list[Any] = field(init=False)
    _judges: list[Any] = field(init=False)
    _unseen: dict[str, Any] = field(init=False)  # embedding: the share of each level

    def __post_init__(self) -> None:
        self._train = self._tensors(self.examples)
        self._judges = self._tensors(self.validation) if self.validation else []
        self._unseen = {} if self.plan.goes_on else self._shares()

    def begun(self) -> Progress:
        """Where it stands before the first epoch. Only weights that have learned are held against
        validation there: others would seldom be the best."""
        zeros = {name: np.zeros_like(one) for name, one in self.plan.start.items()}
        begun = Progress.of(self.plan.start, zeros)
        if self.plan.goes_on and self._judges:
            weights = {name: self.torch.from_numpy(one) for name, one in begun.weights.items()}
            begun.judged(Epoch(epoch=0, training=None, validation=self._lost(weights)))
        return begun

    def after(self, progress: Progress) -> Progress:
        """Where it stands after one epoch more."""
        torch, number = self.torch, progress.epoch + 1
        weights = {n: torch.tensor(one, requires_grad=True) for n, one in progress.weights.items()}
        adam = Adam(torch, weights, progress, self.plan.params)
        lost = self._epoch(weights, adam, np.random.default_rng(_chance(self.plan.seed, number)))
        self._settle(weights)
        validation = self._lost(weights) if self._judges else None
        if not np.isfinite([lost, *([] if validation is None else [validation])]).all():
            raise UserError(
                f"the loss became infinite in epoch {number}",
                hint="lower params.learning_rate, or look for values far from all others",
            )
        plain = {name: one.detach().numpy() for name, one in weights.items()}
        return progress.next(plain, adam, Epoch(epoch=number, training=lost, validation=validation))

    def _epoch(self, weights: dict[str, Any], adam: Adam, random: np.random.Generator) -> float:
        """Every row once, in an order by chance; the loss per row."""
        rows, size, total = len(self.examples.target), self.plan.params.batch_size, 0.0
        order = self.torch.from_numpy(random.permutation(rows))
        for first in range(0, rows, size):
            batch = [one[order[first : first + size]] for one in self._train]
            loss = self._losses(weights, batch, random).mean()
            adam.step(self.torch.autograd.grad(loss, list(weights.values())))
            total += loss.item() * len(batch[0])
        return total / rows * self.plan.unit

    def _lost(self, weights: dict[str, Any]) -> float:
        """The loss per validation row."""
        total = 0.0
        with self.torch.no_grad():
            for first in range(0, len(self._judges[0]), _AT_ONCE):
                batch = [one[first : first + _AT_ONCE] for one in self._judges]
                total += self._losses(weights, batch, None).sum().item()
        return float(total / len(self._judges[0]) * self.plan.unit)

    def _losses(
        self, weights: dict[str, Any], batch: list[Any], random: np.random.Generator | None
    ) -> Any:
        """The loss of each row; with `random` some units are left out."""
        numbers, codes, target, weight = batch
        scores = self._scores(weights, numbers, codes, random)
        return loss_of(self.torch, self.plan.params, scores, target) * weight

    def _scores(
        self, weights: dict[str, Any], numbers: Any, codes: Any, random: np.random.Generator | None
    ) -> Any:
        of, shape = self.torch.nn.functional, self.plan.shape
        vectors = [
            of.embedding(codes[:, place], weights[f"embedding.{place}"])
            for place in range(len(shape.levels))
        ]
        values = self.torch.cat([numbers, *vectors], 1)
        for layer in range(len(shape.hidden) + 1):
            one = f"layer.{layer}"
            values = of.linear(values, weights[f"{one}.weight"], weights[f"{one}.bias"])
            if layer < len(shape.hidden):
                values = self._thinned(of.relu(values), random)
        return values

    def _thinned(self, values: Any, random: np.random.Generator | None) -> Any:
        """Without some units of each row, the others counting the more."""
        keep = 1 - self.plan.params.dropout
        if random is None or keep == 1:
            return values
        stay = random.random(tuple(values.shape), np.float32) < keep
        return values * self.torch.from_numpy(stay) / keep

    def _settle(self, weights: dict[str, Any]) -> None:
        """What no row has taught is what the rows have on average."""
        for name, shares in self._unseen.items():
            table = weights[name].data
            table[-1] = shares @ table[:-1] if len(shares) else 0.0

    def _shares(self) -> dict[str, Any]:
        """Of the categories whose last place no training row has: each level's share of them."""
        found = {}
        for place, levels in enumerate(self.plan.shape.levels):
            counts = np.bincount(self.examples.inputs.codes[place], minlength=levels)
            if not counts[-1]:
                shares = counts[:-1] / counts.sum()
                found[f"embedding.{place}"] = self.torch.from_numpy(shares.astype(np.float32))
        return found

    def _tensors(self, examples: Examples) -> list[Any]:
        return [self.torch.from_numpy(one) for one in examples.arrays()]


def loss_of(torch: Any, params: Mlp, scores: Any, target: Any) -> Any:
    """The loss of each row, of targets in deviations, or of the places of labels."""
    of = torch.nn.functional
    if params.goal == "log_loss" and scores.shape[1] > 1:
        return of.cross_entropy(scores, target, reduction="none")
    score = scores[:, 0]
    if params.goal == "log_loss":
        return of.binary_cross_entropy_with_logits(score, target.to(score.dtype), reduction="none")
    if params.goal == "huber":
        return of.huber_loss(score, target, reduction="none")
    above = target - score
    if (share := params.share) is not None:
        return torch.maximum(share * above, (share - 1) * above)
    return above.square() if params.goal == "squared_error" else above.abs()


def start_of(shape: Shape, seed: int) -> dict[str, Singles]:
    """Weights by chance (He and others, 2015)."""
    random, found = np.random.default_rng(_chance(seed, 0)), {}
    last = f"layer.{len(shape.hidden)}.weight"
    for name, size in shape.arrays.items():
        if name.startswith("embedding"):
            values = random.standard_normal(size) * _VECTORS
        elif name.endswith("bias"):
            values = np.zeros(size)
        else:
            reach = np.sqrt((1 if name == last else 6) / max(size[1], 1))
            values = random.uniform(-reach, reach, size)
        found[name] = values.astype(np.float32)
    return found


_VECTORS = 0.3  # how far the vectors of levels are spread before any step


def _chance(seed: int, epoch: int) -> np.random.SeedSequence:
    """Each epoch's own, so that a training may go on at any of them; 0 is for the beginning."""
    return np.random.SeedSequence(seed % 2**64, spawn_key=(epoch,))
