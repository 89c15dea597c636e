"""Texts to labels: how fast, how large, beside scikit-learn's own pipeline of the same n-grams."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from measure import Figure

WORDS, MANY, ALONE = 20_000, 50_000, 200


def main(folder: Path) -> list[Figure]:  # noqa: ARG001 every benchmark is given one
    """50,000 short texts in bulk and one alone, of 1,000 labels; the files of 5,000 labels.

    scikit-learn learns from fewer texts, which changes nothing of how fast it answers. What it
    takes to count n-grams into columns and do nothing else is the floor of its kind.
    """
    import polars as pl

    texts, labels = _corpus(20_000, 1_000)
    model, peer = _ours(texts, labels), _scikit_learn(texts[:2_000], labels[:2_000])
    frame = pl.DataFrame({"text": _corpus(MANY, 1_000, seed=2)[0]})
    few = frame["text"].head(2_000).to_list()
    bulk = MANY / _seconds(lambda: model.predict(frame))
    shares = MANY / _seconds(lambda: model.predict(frame).probabilities)
    floor = len(few) / _seconds(lambda: _only_counted(few))
    theirs = len(few) / _seconds(lambda: peer.predict_proba(few))
    one = _each(frame, model.predict)
    their_one = _each(frame, lambda row: peer.predict_proba(row["text"].to_list()))
    size = sum(map(len, _ours(*_corpus(40_000, 5_000)).save().values())) / 1e6
    return [
        Figure(
            "texts, in bulk, 1,000 labels",
            f"{bulk:,.0f} texts/s",
            f"n-grams counted, scikit-learn {floor:,.0f}",
            f"{bulk / floor:.1f}",
            ">= 50,000 texts/s",
            bulk >= 50_000,
        ),
        Figure(
            "the same, every label's probability",
            f"{shares:,.0f} texts/s",
            f"scikit-learn {theirs:,.0f}",
            f"{shares / theirs:.1f}",
            "-",
            None,
        ),
        Figure(
            "a text alone",
            f"{one * 1e3:.2f} ms",
            f"scikit-learn {their_one * 1e3:.1f} ms",
            f"1/{their_one / one:.0f}",
            "< 1 ms",
            one < 1e-3,
        ),
        Figure("files of 5,000 labels", f"{size:.1f} MB", "-", "-", "< 50 MB", size < 50),
    ]


def _corpus(many: int, labels: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """Texts of some 3 words, of which a label has 12 of its own."""
    import numpy as np

    names = np.random.default_rng(0)
    letters = np.array([*"abcdefghijklmnopqrstuvwxyz"])
    words = ["".join(names.choice(letters, size)) for size in names.integers(3, 11, WORDS)]
    own = names.integers(0, WORDS, (labels, 12))
    random = np.random.default_rng(seed)
    label = random.integers(0, labels, many)
    picked = own[label[:, None], random.integers(0, 12, (many, 3))]
    return [" ".join(words[w] for w in row) for row in picked], [f"{n:04}" for n in label]


def _ours(texts: list[str], labels: list[str]) -> Any:
    import polars as pl

    from keepfit.config.schema.rows import Encode
    from keepfit.kinds import kind, params_of
    from keepfit.kinds.base import Lesson

    rows = pl.DataFrame({"text": texts, "label": labels})
    lesson = Lesson(("text",), "label", rows, rows.clear(), Encode())
    params = params_of("text-classifier")(epochs=1)
    return kind("text-classifier").fit(lesson, params, seed=1, threads=1)


def _scikit_learn(texts: list[str], labels: list[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline, make_union

    grams = make_union(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    )
    return make_pipeline(grams, SGDClassifier(loss="log_loss", max_iter=1, tol=None)).fit(
        texts, labels
    )


def _only_counted(texts: list[str]) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5)).transform(texts)
    HashingVectorizer(ngram_range=(1, 2)).transform(texts)


def _seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """The shortest of some tries."""
    return min(_once(work) for _ in range(rounds))


def _each(frame: Any, answer: Callable[[Any], object]) -> float:
    """The median of texts asked for one by one."""
    spent = sorted(_once(partial(answer, frame[place])) for place in range(ALONE))
    return spent[ALONE // 2]


def _once(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
