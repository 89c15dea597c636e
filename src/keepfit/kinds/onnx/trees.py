"""Trees of scikit-learn as an ONNX graph that compares and adds in float64, as they do.

skl2onnx writes them in float32, where a threshold may flip, and does not know every release's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keepfit.kinds.onnx.graph import INPUT, Graph, NotConverted

_MOST_NODES = 5_000_000  # some 300 MB; a file of 2 GB cannot be written at all
_DOUBLE, _FLOAT, _INT64 = 11, 1, 7  # types, as ONNX numbers them


class _Tree(NamedTuple):
    """A tree by arrays; each has a place a node."""

    left: npt.NDArray[Any]  # where a value leads that is not above the threshold
    right: npt.NDArray[Any]
    leaf: npt.NDArray[np.bool_]
    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    value: npt.NDArray[Any]  # what it says as a leaf; a row of several for chances


def trees_of(estimator: Any, graph: Graph) -> str | None:
    """What an estimator of trees answers, by its name in the graph; None for any other estimator.

    Of a classifier these are probabilities. NotConverted for one that is more than its trees.
    """
    place = type(estimator).__module__
    for module, convert in _CONVERTERS.items():
        if place.startswith(module):
            return convert(estimator, graph)
    return None


def _tree(estimator: Any, graph: Graph) -> str:
    return _forest([estimator], graph)


def _forest_of(estimator: Any, graph: Graph) -> str:
    if not hasattr(estimator, "predict"):
        raise NotConverted("it predicts nothing by itself")
    return _forest(estimator.estimators_, graph)


def _forest(members: Sequence[Any], graph: Graph) -> str:
    """The mean of what the trees say."""
    if members[0].n_outputs_ != 1:
        raise NotConverted("it has several outputs")
    trees = [_plain(one.tree_) for one in members]
    rows, count = _rounded(graph), graph.constant(len(trees))
    if not hasattr(members[0], "classes_"):
        one = [tree._replace(value=tree.value[:, 0]) for tree in trees]
        return graph.add("Div", _sums(graph, rows, one, np.zeros(len(one), np.int64)), count)
    # A leaf adds to one sum only, so each tree tells which leaf it is, and a table the chances.
    chances = np.concatenate([tree.value[tree.leaf] for tree in trees])
    ends = np.cumsum([tree.leaf.sum() for tree in trees])
    starts = [0, *ends[:-1]]
    named = [
        tree._replace(value=start + np.cumsum(tree.leaf) - 1.0)
        for tree, start in zip(trees, starts, strict=True)
    ]
    leaves = _sums(graph, rows, named, np.arange(len(trees)))
    said = graph.add("Gather", graph.constant(chances), graph.add("Cast", leaves, to=_INT64))
    axis = graph.constant([1], np.int64)
    return graph.add("Div", graph.add("ReduceSum", said, axis, keepdims=0), count)


def _histogram_boosting(estimator: Any, graph: Graph) -> str:
    if np.any(estimator.is_categorical_):
        raise NotConverted("it has categorical_features of its own")
    rounds = estimator._predictors  # noqa: SLF001 there is no other place where its trees are
    trees = [_histogram(one.nodes) for one in chain.from_iterable(rounds)]
    start = estimator._baseline_prediction  # noqa: SLF001
    return _boosted(estimator, graph, INPUT, trees, start)


def _gradient_boosting(estimator: Any, graph: Graph) -> str:
    if type(estimator.init_).__module__ != "sklearn.dummy" and estimator.init_ != "zero":
        raise NotConverted("it starts from what another estimator says (init)")
    trees = []
    for one in estimator.estimators_.ravel():
        tree = _plain(one.tree_)
        trees.append(tree._replace(value=tree.value[:, 0] * estimator.learning_rate))
    nothing = np.zeros((1, estimator.n_features_in_), np.float32)
    start = estimator._raw_predict_init(nothing)  # noqa: SLF001
    return _boosted(estimator, graph, _rounded(graph), trees, start)


def _boosted(estimator: Any, graph: Graph, rows: str, trees: list[_Tree], start: Any) -> str:
    """A start and what all trees add to it, through the link of the loss."""
    width = np.asarray(start).size
    targets = np.arange(len(trees)) % width
    first = graph.constant(np.reshape(start, (1, width)))
    score = graph.add("Add", _sums(graph, rows, trees, targets, width), first) if trees else None
    if score is None:
        raise NotConverted("it has no trees")
    link = _LINKS.get(type(estimator._loss).__name__, _plainly)  # noqa: SLF001
    if hasattr(estimator, "classes_") and link in (_plainly, _exp):
        raise NotConverted(f"its loss {estimator.loss} is not known")
    return link(graph, score)


def _plainly(_graph: Graph, score: str) -> str:
    return score


def _exp(graph: Graph, score: str) -> str:
    return graph.add("Exp", score)


def _softmax(graph: Graph, score: str) -> str:
    return graph.add("Softmax", score, axis=1)


def _two(graph: Graph, score: str) -> str:
    likely = graph.add("Sigmoid", score)
    rest = graph.add("Sub", graph.constant(1.0), likely)
    return graph.add("Concat", rest, likely, axis=1)


def _two_doubled(graph: Graph, score: str) -> str:
    return _two(graph, graph.add("Mul", graph.constant(2.0), score))


def _sums(
    graph: Graph, rows: str, trees: Sequence[_Tree], targets: npt.NDArray[np.int64], width: int = 0
) -> str:
    """(rows, targets): the sum of the leaves that each row comes to, a target a tree."""
    if sum(len(tree.leaf) for tree in trees) > _MOST_NODES:
        raise NotConverted(f"its trees have more than {_MOST_NODES:,} nodes")
    made = [*map(_branches, trees)]
    leaves = [np.atleast_1d(tree.value[tree.leaf]) for tree in trees]
    roots = np.cumsum([0, *[len(one.feature) for one in made[:-1]]])
    firsts = np.cumsum([0, *map(len, leaves[:-1])])

    def places(side: str) -> npt.NDArray[np.int64]:
        parts = zip(made, roots, firsts, strict=True)
        return _joined(
            getattr(one, side) + np.where(getattr(one, f"{side}_leaf"), first, root)
            for one, root, first in parts
        ).astype(np.int64)

    return graph.add(
        "TreeEnsemble",
        rows,
        domain="ai.onnx.ml",
        n_targets=width or int(targets.max()) + 1,
        tree_roots=roots.astype(np.int64),
        nodes_featureids=_joined(one.feature for one in made).astype(np.int64),
        nodes_splits=_joined(one.threshold for one in made).astype(np.float64),
        nodes_modes=np.zeros(sum(len(one.feature) for one in made), np.uint8),  # <=
        nodes_truenodeids=places("left"),
        nodes_falsenodeids=places("right"),
        nodes_trueleafs=_joined(one.left_leaf for one in made).astype(np.int64),
        nodes_falseleafs=_joined(one.right_leaf for one in made).astype(np.int64),
        leaf_weights=_joined(leaves).astype(np.float64),
        leaf_targetids=np.repeat(targets, [*map(len, leaves)]).astype(np.int64),
    )


class _Branches(NamedTuple):
    """The nodes of a tree that are no leaves, and whether their children are."""

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    left_leaf: npt.NDArray[Any]
    right_leaf: npt.NDArray[Any]


def _branches(tree: _Tree) -> _Branches:
    inner = ~tree.leaf
    if not inner.any():  # a leaf alone is a branch of which both sides are that leaf
        none, yes = np.zeros(1, np.int64), np.ones(1, np.int64)
        return _Branches(none, np.zeros(1), none, none, yes, yes)
    place = np.where(tree.leaf, np.cumsum(tree.leaf), np.cumsum(inner)) - 1
    left, right = tree.left[inner].astype(np.int64), tree.right[inner].astype(np.int64)
    return _Branches(
        tree.feature[inner],
        tree.threshold[inner],
        place[left],
        place[right],
        tree.leaf[left].astype(np.int64),
        tree.leaf[right].astype(np.int64),
    )


def _joined(parts: Any) -> npt.NDArray[Any]:
    return np.concatenate([*parts])


def _rounded(graph: Graph) -> str:
    """The matrix in float32, which such trees read, as float64, which their thresholds are."""
    return graph.add("Cast", graph.add("Cast", INPUT, to=_FLOAT), to=_DOUBLE)


def _plain(tree: Any) -> _Tree:
    left = tree.children_left
    value = tree.value[:, 0, :]
    return _Tree(left, tree.children_right, left < 0, tree.feature, tree.threshold, value)


def _histogram(nodes: Any) -> _Tree:
    return _Tree(
        nodes["left"],
        nodes["right"],
        nodes["is_leaf"].astype(np.bool_),
        nodes["feature_idx"],
        nodes["num_threshold"],
        nodes["value"],
    )


_CONVERTERS: dict[str, Callable[[Any, Graph], str]] = {
    "sklearn.tree.": _tree,
    "sklearn.ensemble._forest": _forest_of,
    "sklearn.ensemble._gb": _gradient_boosting,
    "sklearn.ensemble._hist_gradient_boosting": _histogram_boosting,
}

_LINKS: dict[str, Callable[[Graph, str], str]] = {
    "HalfBinomialLoss": _two,
    "HalfMultinomialLoss": _softmax,
    "ExponentialLoss": _two_doubled,
    "HalfPoissonLoss": _exp,
    "HalfGammaLoss": _exp,
}
