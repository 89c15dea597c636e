"""Texts to labels: what is learned, how sure it is made, and what its files hold."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, DataRefused, UserError
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.texts.bags import learn
from keepfit.kinds.texts.classifier import TextModel
from keepfit.kinds.texts.grams import Grams

KIND = kind("text-classifier")
GOODS = {
    "610910": "knitted cotton shirt",
    "610990": "knitted wool shirt",
    "620520": "woven cotton shirt",
    "640399": "leather shoe",
    "640419": "canvas shoe",
}


def goods(count: int, seed: int, noise: int = 3) -> pl.DataFrame:
    """Goods with words by chance among their own, and their codes."""
    random = np.random.default_rng(seed)
    codes = random.choice([*GOODS], count)
    chaff = random.integers(0, 400, (count, noise))
    texts = [
        " ".join(random.permutation([*GOODS[code].split(), *(f"lot{n}" for n in few)]))
        for code, few in zip(codes, chaff, strict=True)
    ]
    return pl.DataFrame({"text": texts, "code": codes})


def fit(train: pl.DataFrame, validation: pl.DataFrame | None = None, target="code", **params):
    checked = params_of("text-classifier")(**params)
    empty = train.clear() if validation is None else validation
    lesson = Lesson(("text",), target, train, empty, Encode())
    return KIND.fit(lesson, checked, seed=7, threads=1)


def accuracy(model, rows: pl.DataFrame) -> float:
    return (model.predict(rows).values == rows["code"]).mean()


def log_loss(model, rows: pl.DataFrame) -> float:
    chances = model.predict(rows).probabilities
    places = [model.classes.index(code) for code in rows["code"]]
    return float(-np.log(chances[np.arange(rows.height), places]).mean())


@pytest.mark.parametrize("part", [(0, (2, 4)), (2, ())])
def test_a_bag_weighs_n_grams_as_scikit_learn_does(part):
    text = pytest.importorskip("sklearn.feature_extraction.text")
    words, characters = part
    few = ["cotton cotton shirts", "silk scarf", "bottle of silk wine", "cotton", "a a a silk"]
    settings = (
        {"analyzer": "char_wb", "ngram_range": characters}
        if characters
        else {"ngram_range": (1, words), "token_pattern": r"\w+"}
    )
    peer = text.TfidfVectorizer(sublinear_tf=True, **settings).fit_transform(few)
    wanted = Grams(words=words, characters=characters, lowercase=True)
    _, bags = learn(few, wanted, 10**6)
    for place in range(len(few)):
        mine = bags.weights[bags.starts[place] : bags.starts[place + 1]]
        np.testing.assert_allclose(np.sort(mine), np.sort(peer[place].data), rtol=2e-6)


def test_it_learns_texts_with_chaff_among_them():
    model = fit(goods(400, seed=1), epochs=15)
    assert accuracy(model, goods(400, seed=2)) > 0.93


def test_labels_that_share_a_prefix_learn_from_each_other():
    """One pair of shoes in training, in the right place for what nobody saw of it."""
    few = goods(400, seed=1).filter(pl.col("code") != "640419")
    lonely = pl.DataFrame({"text": ["canvas"], "code": ["640419"]})
    later = pl.DataFrame({"text": ["canvas shoe"] * 20, "code": ["640419"] * 20})

    def chance_of_shoes(**params) -> float:
        model = fit(pl.concat([few, lonely]), epochs=15, **params)
        shoes = [label.startswith("64") for label in model.classes]
        return float(model.predict(later).probabilities[:, shoes].sum(axis=1).mean())

    assert chance_of_shoes(levels=(2, 4, 6)) > chance_of_shoes()


def test_a_text_without_a_known_n_gram_gets_the_shares_of_training():
    train = goods(400, seed=1)
    model = fit(train, epochs=2, characters=())
    shares = train["code"].value_counts(sort=False).sort("code")["count"] / train.height
    found = model.predict(pl.DataFrame({"text": ["ΩΩΩ", None]}))
    np.testing.assert_allclose(found.probabilities, [shares.to_numpy()] * 2, rtol=1e-12)
    assert found.values[0] == train["code"].mode()[0]


def test_validation_ends_the_epochs_that_make_nothing_better():
    train, validation = goods(300, seed=1), goods(300, seed=2)
    settings = {"learning_rate": 1.0, "dropout": 0.0}
    long = fit(train, validation, epochs=400, patience=3, **settings)
    # what comes after the best epoch leaves no trace
    short = fit(train, validation, epochs=400, patience=6, **settings)
    assert long.save()["grams.npy"] == short.save()["grams.npy"]


def test_validation_makes_probabilities_fit():
    train = goods(300, seed=1, noise=12)
    validation, later = goods(300, seed=2, noise=12), goods(1000, seed=3, noise=12)
    settings = {"epochs": 12, "patience": 12, "dropout": 0.0, "learning_rate": 0.5}
    model = fit(train, validation, **settings)
    temperature = model.describe()["temperature"]
    mild = replace(model.parts.header, temperature=1.0)
    plain = TextModel(model.parts._replace(header=mild))
    assert temperature != 1
    assert log_loss(model, later) < log_loss(plain, later)
    assert fit(train, **settings).describe()["temperature"] == 1


def test_rows_of_labels_that_training_never_saw_are_no_validation():
    odd = pl.DataFrame({"text": ["knitted hat", "felt hat"], "code": ["650500", "650100"]})
    train = goods(200, seed=1)
    assert fit(train, odd, epochs=2).save() == fit(train, epochs=2).save()


def test_labels_may_be_numbers_or_booleans():
    train = goods(200, seed=1).with_columns(
        number=pl.col("code").cast(pl.Int64), shoe=pl.col("code").str.starts_with("64")
    )
    for target in ("number", "shoe"):
        model = fit(train, target=target, epochs=10)
        found = model.predict(train)
        assert found.values.dtype == train[target].dtype
        assert (found.values == train[target]).mean() > 0.95


def test_levels_of_labels_that_are_no_text_are_refused():
    train = goods(50, seed=1).with_columns(pl.col("code").cast(pl.Int64))
    with pytest.raises(UserError, match=r"prefixes of labels; those of `code` are int") as told:
        fit(train, levels=(2, 4))
    assert told.value.hint == 'say so in the file: types = { code = "text" }, or leave out levels'


def test_a_feature_that_is_no_text_is_refused():
    with pytest.raises(UserError, match="feature `text` is Int64"):
        fit(goods(50, seed=1).with_columns(text=pl.lit(1, pl.Int64)))


def test_a_text_that_training_has_seen_gets_its_label_where_that_is_asked_for():
    train = pl.concat(
        [
            goods(100, seed=1),
            pl.DataFrame({"text": ["Odd one", "a pair", "a  pair!", ""], "code": ["610910"] * 4}),
            pl.DataFrame({"text": ["a pair", "..."], "code": ["640399", "640399"]}),
        ]
    )
    model, plain = (fit(train, epochs=1, exact=exact) for exact in (True, False))
    asked = pl.DataFrame({"text": ["odd-one?", "A PAIR", "odd two", "", None, "odd"]})
    found, usual = model.predict(asked), plain.predict(asked)
    assert found.values[0] == "610910"
    assert found.probabilities[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    # what had two labels, was never seen, or has no word, the networks answer
    assert (found.probabilities[1:] == usual.probabilities[1:]).all()
    assert KIND.load(model.save()).predict(asked).values.equals(found.values)
    # the 100 texts but for repetitions, and the odd one
    seen = train.head(100)["text"].str.to_lowercase().n_unique()
    assert model.describe()["exact texts"] == seen + 1
    assert "exact.npy" not in plain.save()


def test_the_n_grams_that_most_texts_have_count():
    train = pl.DataFrame(
        {"text": ["red hat", "red shoe", "red sock", "blue hat"], "code": [*"abcd"]}
    )
    model = fit(train, words=1, characters=(), max_features=2)
    found = model.predict(
        pl.DataFrame({"text": ["red", "hat", "shoe", "never seen"]})
    ).probabilities
    assert model.describe()["known n-grams"] == 2
    assert (found[0] != found[3]).any()
    assert (found[1] != found[3]).any()
    assert (found[2] == found[3]).all()


def test_probabilities_are_reckoned_when_they_are_asked_for():
    model = fit(goods(100, seed=1), epochs=2)
    said = model.predict(goods(3000, seed=2))
    assert "probabilities" not in vars(said)
    best = np.array(model.classes)[said.probabilities.argmax(axis=1)]
    assert (said.values.to_numpy() == best).all()
    assert said.probabilities is said.probabilities


def test_of_a_text_that_is_not_answered_nothing_is_said():
    model, later = fit(goods(100, seed=1), epochs=2), goods(300, seed=2)
    for many in (4, 300):
        said, silent = model.predict(later.head(many)), pl.Series([True, False] * (many // 2))
        left = said.without(silent)
        assert left.values.is_null().equals(silent)
        assert np.isnan(left.probabilities).all(axis=1).tolist() == silent.to_list()
        assert (left.probabilities[1::2] == said.probabilities[1::2]).all()


def test_threads_change_no_bit(monkeypatch):
    model, later = fit(goods(100, seed=1), epochs=2), goods(5000, seed=2)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(pl, "thread_pool_size", lambda threads=threads: threads)
        said = model.predict(later)
        found.append((said.values.to_list(), said.probabilities.tobytes()))
    assert found[0] == found[1]


def test_no_texts_have_no_answers():
    said = fit(goods(100, seed=1), epochs=2).predict(goods(5, seed=2).clear())
    assert (said.values.len(), said.values.dtype) == (0, pl.String)
    assert said.probabilities.shape == (0, 5)


def test_texts_without_a_word_are_refused():
    with pytest.raises(DataRefused, match="the training texts have no words"):
        fit(goods(50, seed=1).with_columns(text=pl.lit("...")))


def test_one_class_is_refused():
    with pytest.raises(DataRefused, match="only '610910'"):
        fit(goods(50, seed=1).with_columns(code=pl.lit("610910")))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"words": 0, "characters": ()}, "neither words nor characters"),
        ({"characters": (5, 2)}, "end before they begin"),
        ({"levels": (4, 2)}, "out of order"),
        ({"hidden": 0}, "hidden"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_params_that_make_no_sense_are_refused_by_name(params, said):
    with pytest.raises(ValidationError, match=said):
        params_of("text-classifier")(**params)


def damaged(files: dict[str, bytes]):
    """Files with one mistake each."""

    def array(values: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        return buffer.getvalue()

    grams = np.load(io.BytesIO(files["grams.npy"]))
    known = np.load(io.BytesIO(files["known.npy"]))
    yield {name: data for name, data in files.items() if name != "grams.npy"}
    yield files | {"grams.npy": files["grams.npy"][:-10]}
    yield files | {"grams.npy": array(grams[1:])}
    yield files | {"grams.npy": array(grams.astype(np.float64))}
    yield files | {"known.npy": array(known[::-1])}
    yield files | {"labels.npy": files["grams.npy"]}
    yield files | {"exact.npy": array(np.array([[5, 0], [9, 77]]))}
    yield files | {"exact.npy": array(np.array([[9, 0], [5, 1]]))}
    yield files | {"exact.npy": array(known)}
    yield files | {"rarities.npy": b"\x80\x04K\x01."}  # a pickle
    yield files | {"model.json": files["model.json"].replace(b"text-classifier", b"other")}


def test_damaged_files_are_not_loaded():
    for files in damaged(fit(goods(50, seed=1), epochs=1, exact=True).save()):
        with pytest.raises(Corrupt):
            KIND.load(files)
