"""Sentence models from a folder: the vectors that a plain computation gives, whoever asks."""

from __future__ import annotations

import json
import sys

import numpy as np
import polars as pl
import pytest

pytest.importorskip("tokenizers", reason="the extra `embeddings` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `embeddings` is not installed")
pytest.importorskip("onnx", reason="the extra `onnx` is not installed")

import sentence_models
from pydantic import ValidationError

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, DataRefused, NotInstalled, UserError
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.texts import embeddings
from keepfit.kinds.texts.embeddings import Encoder, encoder_at
from keepfit.kinds.texts.folder import settings_of

TEXTS = ["cotton", "a red shirt of wool", "x" * 40, "Ärmel, 100", "?!", "shoe 7", "a b c d e f g"]


def encoder(**more: object) -> Encoder:
    """The small model with some of its JSON files."""
    told = {name.replace("__", "/") + ".json": json.dumps(v).encode() for name, v in more.items()}
    return Encoder({**sentence_models.files(), **told})


def padded(texts: list[str], most: int = sentence_models.MOST):
    """Tokens and mask as everybody else makes them: all texts at once, the short ones padded."""
    tokenizer = sentence_models.tokenizer(sentence_models.VOCABULARY)
    tokenizer.enable_truncation(most)
    tokenizer.enable_padding()
    told = tokenizer.encode_batch(texts)
    return (np.array([getattr(one, name) for one in told]) for name in ("ids", "attention_mask"))


def hidden(texts: list[str], **settings: int):
    """(texts, tokens, width) and the mask, by numpy in float64."""
    ids, mask = padded(texts, **settings)
    made = {name: value.astype(np.float64) for name, value in sentence_models.weights().items()}
    x = made["words"][ids] + made["kinds"][0]
    scores = x @ x.swapaxes(1, 2) / np.sqrt(sentence_models.WIDTH)
    scores = np.where(mask[:, None, :] == 1, scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return x + np.tanh(shares @ x @ made["mix"]), mask


def of_length_1(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mean_of(texts: list[str], **settings: int) -> np.ndarray:
    tokens, mask = hidden(texts, **settings)
    return of_length_1((tokens * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))


def test_a_text_is_the_mean_of_its_tokens_that_are_no_padding():
    np.testing.assert_allclose(encoder().vectors(TEXTS), mean_of(TEXTS), atol=2e-6)


def test_it_is_its_first_token_where_the_pooling_says_so():
    made = encoder(**{"1_Pooling__config": {"pooling_mode_cls_token": True}})
    np.testing.assert_allclose(made.vectors(TEXTS), of_length_1(hidden(TEXTS)[0][:, 0]), atol=2e-6)


def test_a_text_alone_has_the_bits_that_it_has_among_others():
    made = encoder()
    many = made.vectors(TEXTS * 3 + [None, ""])
    once = many[: len(TEXTS)].tobytes()
    assert many[len(TEXTS) : 2 * len(TEXTS)].tobytes() == once
    assert made.vectors(TEXTS).tobytes() == once  # what it keeps of texts that it has seen
    # others of the same files, which have seen nothing yet
    alone = [encoder().vectors([text]) for text in TEXTS]
    assert np.concatenate(alone).tobytes() == once
    assert encoder().vectors(TEXTS[::-1])[::-1].tobytes() == once
    assert encoder().vectors(TEXTS, threads=3).tobytes() == once


def test_nor_does_a_quantized_network_see_what_stands_beside_a_text(tmp_path):
    from onnxruntime.quantization import quantize_dynamic

    files = sentence_models.files()
    plain, small = tmp_path / "plain.onnx", tmp_path / "small.onnx"
    plain.write_bytes(files["model.onnx"])
    quantize_dynamic(plain, small)
    files["model.onnx"] = small.read_bytes()
    many = Encoder(files).vectors(TEXTS)
    alone = np.concatenate([Encoder(files).vectors([text]) for text in TEXTS])
    assert alone.tobytes() == many.tobytes()
    ids, mask = padded(TEXTS)
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": 0 * ids}
    tokens = Encoder(files)._run(None, given)[0]
    batch = of_length_1((tokens * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))
    assert np.abs(batch - many).max() > 1e-4  # what a padded batch would say


def test_what_is_kept_of_texts_is_bounded(monkeypatch):
    monkeypatch.setattr(embeddings, "_KEPT", 3 * sentence_models.WIDTH)
    made, texts = encoder(), [f"text {n}" for n in range(9)]
    assert made.vectors(texts).tobytes() == encoder().vectors(texts).tobytes()
    assert len(made._kept) == 3
    assert made.vectors(texts[::-1])[::-1].tobytes() == made.vectors(texts).tobytes()
    long = encoder()
    long.vectors(["a" * 600])
    assert not long._kept


def test_a_missing_text_and_an_empty_one_are_zeros():
    assert not encoder().vectors([None, "", " \n"]).any()


def test_of_a_long_text_the_first_tokens_count():
    made = encoder(sentence_bert_config={"max_seq_length": 6})
    np.testing.assert_allclose(made.vectors(TEXTS), mean_of(TEXTS, most=6), atol=2e-6)
    assert made.vectors(["abcdefgh"]).tobytes() == made.vectors(["abcdzzzz"]).tobytes()


@pytest.mark.parametrize(
    ("config", "more", "most"),
    [
        ({}, {}, 512),
        ({"max_position_embeddings": 77}, {}, 77),
        ({"max_position_embeddings": 77}, {"sentence_bert_config": {"max_seq_length": 30}}, 30),
        ({"max_position_embeddings": 77}, {"tokenizer_config": {"model_max_length": 1e30}}, 77),
        ({}, {"tokenizer_config": {"model_max_length": 99}}, 99),
        (
            {"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1},
            {"sentence_bert_config": {"max_seq_length": 8192}},
            512,
        ),
    ],
)
def test_the_longest_text_is_what_the_model_was_made_for(config, more, most):
    told = {f"{name}.json": json.dumps(value).encode() for name, value in more.items()}
    files = {"config.json": json.dumps(config).encode(), **told}
    assert settings_of(files).most_tokens == most


def modules(*types: str, path: str = "1_Pooling") -> list[dict[str, str]]:
    places = {"Transformer": "", "Pooling": path}
    return [{"path": places.get(t, ""), "type": f"sentence_transformers.models.{t}"} for t in types]


def test_a_folder_as_repositories_ship_it_is_read():
    made = encoder(
        modules=modules("Transformer", "Pooling", "Normalize"),
        **{
            "1_Pooling__config": {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
        },
        sentence_bert_config={"max_seq_length": 16, "do_lower_case": False},
    )
    assert made.vectors(TEXTS).tobytes() == encoder().vectors(TEXTS).tobytes()


BOTH = ("pooling_mode_cls_token", "pooling_mode_mean_tokens")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"1_Pooling__config": {"pooling_mode_max_tokens": True}}, "asks for max_tokens"),
        (
            {"1_Pooling__config": dict.fromkeys(BOTH, True)},
            "asks for cls_token and mean_tokens",
        ),
        ({"modules": modules("Transformer", "Pooling", "Dense")}, "modules.json has a Dense"),
        ({"modules": modules("Pooling", path="2_Pooling")}, "has its Pooling in '2_Pooling'"),
        ({"config": []}, "config.json is no table"),
    ],
)
def test_what_is_not_computed_here_is_refused_by_name(more, said):
    with pytest.raises(UserError, match=said):
        encoder(**more)


def test_a_folder_is_read_wherever_its_network_lies(tmp_path):
    files = sentence_models.files()
    moved = {**files, "onnx/model.onnx": files["model.onnx"], "README.md": b"#"}
    del moved["model.onnx"]
    sentence_models.write(tmp_path / "models/small", moved)
    made = encoder_at(tmp_path, "models/small")
    assert made.vectors(TEXTS).tobytes() == encoder().vectors(TEXTS).tobytes()
    assert made.files.keys() == {"tokenizer.json", "config.json", "onnx/model.onnx"}


def elsewhere() -> bytes:
    """The network with weights in a file beside it."""
    import onnx

    model = onnx.load_from_string(sentence_models.files()["model.onnx"])
    held = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(held, location="weights.bin")
    held.ClearField("raw_data")
    return model.SerializeToString()


def renamed(old: bytes, new: bytes) -> bytes:
    return sentence_models.files()["model.onnx"].replace(old, new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.onnx": None}, "small has no model.onnx or onnx/model.onnx"),
        ({"tokenizer.json": None, "config.json": None}, "has no tokenizer.json, no config.json"),
        ({"model.onnx": b"nothing"}, "small/model.onnx cannot be loaded"),
        ({"model.onnx": elsewhere()}, "small/model.onnx has weights in other files"),
        ({"model.onnx": renamed(b"token_type_ids", b"token_type_idx")}, "reads token_type_idx"),
        ({"tokenizer.json": b"{}"}, "small/tokenizer.json is none of a fast tokenizer"),
        ({"config.json": b"{"}, "small/config.json is no JSON"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(tmp_path, change, said):
    files = {name: data for name, data in {**sentence_models.files(), **change}.items() if data}
    sentence_models.write(tmp_path / "small", files)
    with pytest.raises(UserError, match=said):
        encoder_at(tmp_path, "small")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no folder models/small") as told:
        encoder_at(tmp_path, "models/small")
    assert "nothing is ever downloaded" in told.value.hint


@pytest.mark.parametrize("package", ["tokenizers", "onnxruntime"])
def test_a_missing_extra_is_answered_with_its_command(monkeypatch, package):
    files = sentence_models.files()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NotInstalled) as told:
        Encoder(files)
    assert told.value.hint == "pip install 'keepfit[embeddings]'"


# Words of one sense are near each other in what the model knows, and have no letters in common.
SENSES = {"warm": ("coat", "scarf", "mitten"), "cool": ("vest", "bikini", "fan")}
WORDS = (*sentence_models.VOCABULARY, *(word for words in SENSES.values() for word in words))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project with a sentence model."""
    made = sentence_models.weights(vocabulary=WORDS)
    random = np.random.default_rng(2)
    for words in SENSES.values():
        centre = 2 * random.normal(size=sentence_models.WIDTH)
        for word in words:
            near = centre + random.normal(size=centre.size) / 4
            made["words"][WORDS.index(word)] = near
    root = tmp_path_factory.mktemp("project")
    sentence_models.write(root / "models/small", sentence_models.files(made, WORDS))
    return root


def seen_and_unseen() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each sense two words to learn from, and the third, which nobody has seen."""
    train = [
        (f"{word} {n}", sense) for sense in SENSES for word in SENSES[sense][:2] for n in "123"
    ]
    later = [(words[2], sense) for sense, words in SENSES.items()]
    return tuple(pl.DataFrame(rows, ["text", "sense"], orient="row") for rows in (train, later))


def fit(home, train, **params):
    checked = params_of("text-classifier")(epochs=30, batch_size=4, **params)
    lesson = Lesson(("text",), "sense", train, train.clear(), Encode())
    return kind("text-classifier", home).fit(lesson, checked, seed=7, threads=1)


@pytest.mark.parametrize("alone", [True, False])
def test_a_word_that_training_never_saw_is_known_by_its_sense(home, alone):
    train, later = seen_and_unseen()
    more = {"words": 0, "characters": ()} if alone else {}
    model = fit(home, train, embeddings="models/small", **more)
    assert (model.predict(later).values == later["sense"]).all()
    assert (model.predict(train).values == train["sense"]).all()
    told = model.describe()
    assert (told["embeddings"], told["pooling"], told["numbers of a sentence"]) == (
        "models/small",
        "mean",
        sentence_models.WIDTH,
    )
    assert (told["known n-grams"] == 0) == alone


def test_a_text_of_nothing_gets_the_shares_of_training(home):
    train, _ = seen_and_unseen()
    model = fit(home, train.head(9), embeddings="models/small", words=0, characters=())
    chances = model.predict(pl.DataFrame({"text": [None, "", "  "]})).probabilities
    np.testing.assert_allclose(chances, [[3 / 9, 6 / 9]] * 3)
    with pytest.raises(DataRefused, match="no words"):
        fit(
            home,
            train.with_columns(text=pl.lit(" ")),
            embeddings="models/small",
            words=0,
            characters=(),
        )


def test_a_version_needs_no_folder(home):
    train, later = seen_and_unseen()
    model = fit(home, train, embeddings="models/small")
    files = model.save()
    loaded = kind("text-classifier").load(files)
    assert loaded.predict(later).probabilities.tobytes() == (
        model.predict(later).probabilities.tobytes()
    )
    assert loaded.save() == files
    held = {name: data for name, data in files.items() if name.startswith("embeddings/")}
    folder = home / "models/small"
    assert held == {
        f"embeddings/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())
    }


def test_a_damaged_version_is_not_loaded(home):
    files = fit(home, seen_and_unseen()[0], embeddings="models/small").save()
    damages = {
        "embeddings/model.onnx": (None, files["embeddings/model.onnx"][:-99]),
        "embeddings/tokenizer.json": (None, b"{}"),
        "sentences.npy": (None, files["labels.npy"]),
    }
    for name, damaged in damages.items():
        for data in damaged:
            with pytest.raises(Corrupt):
                kind("text-classifier").load(
                    {k: v for k, v in {**files, name: data}.items() if v is not None}
                )


def test_without_a_folder_params_and_files_are_what_they_were_before_there_were_any(home):
    train, _ = seen_and_unseen()
    plain = params_of("text-classifier")()
    assert "embeddings" not in plain.model_dump(mode="json")
    files = fit(home, train).save()
    assert files.keys() == {"model.json", "known.npy", "rarities.npy", "grams.npy", "labels.npy"}
    assert b"embeddings" not in files["model.json"]


@pytest.mark.parametrize("folder", ["/models", "../models", "models/../..", "", ".", "a\\b"])
def test_a_folder_is_one_of_the_project(folder):
    with pytest.raises(ValidationError, match="no folder beside"):
        params_of("text-classifier")(embeddings=folder)


def test_without_a_project_nobody_knows_where_the_folder_lies():
    with pytest.raises(UserError, match="nobody says in which folder"):
        fit(None, seen_and_unseen()[0], embeddings="models/small")
