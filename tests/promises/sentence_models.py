"""Small sentence models, made here: a WordPiece tokenizer, and a network of one attention."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

WIDTH, MOST = 12, 16
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
LETTERS = "abcdefghijklmnopqrstuvwxyzä0123456789"
VOCABULARY = (*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS))


def weights(seed: int = 5, vocabulary: tuple[str, ...] = VOCABULARY) -> dict[str, np.ndarray]:
    """By name: a vector each token and each kind of token, and how attention is mixed in."""
    random = np.random.default_rng(seed)
    shapes = {"words": (len(vocabulary), WIDTH), "kinds": (2, WIDTH), "mix": (WIDTH, WIDTH)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def files(
    made: Mapping[str, np.ndarray] | None = None, vocabulary: tuple[str, ...] = VOCABULARY
) -> dict[str, bytes]:
    """What the folder of such a model holds, by name; the same bytes each time."""
    config = {"model_type": "bert", "max_position_embeddings": MOST, "pad_token_id": 0}
    return {
        "tokenizer.json": tokenizer(vocabulary).to_str().encode(),
        "model.onnx": graph(made or weights(vocabulary=vocabulary)),
        "config.json": json.dumps(config).encode(),
    }


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """The files below the folder."""
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def tokenizer(vocabulary: tuple[str, ...]):
    """As BERT's, padded and truncated otherwise than this model wants it, as they often are."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    places = {token: place for place, token in enumerate(vocabulary)}
    made = Tokenizer(models.WordPiece(places, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, places[token]) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    made.enable_padding(length=24)
    made.enable_truncation(4)
    return made


def graph(made: Mapping[str, np.ndarray]) -> bytes:
    """input_ids, attention_mask, token_type_ids to last_hidden_state, as ONNX."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        **made,
        "axis": np.array([1], np.int64),
        "one": np.array(1, np.float32),
        "far": np.array(-1e9, np.float32),
        "scale": np.array(WIDTH**-0.5, np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["word"]),
        helper.make_node("Gather", ["kinds", "token_type_ids"], ["kind"]),
        helper.make_node("Add", ["word", "kind"], ["x"]),
        helper.make_node("Transpose", ["x"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "turned"], ["raw"]),
        helper.make_node("Mul", ["raw", "scale"], ["scaled"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "mask"], ["padding"]),
        helper.make_node("Mul", ["padding", "far"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "axis"], ["bias"]),
        helper.make_node("Add", ["scaled", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["attention"], axis=-1),
        helper.make_node("MatMul", ["attention", "x"], ["seen"]),
        helper.make_node("MatMul", ["seen", "mix"], ["mixed"]),
        helper.make_node("Tanh", ["mixed"], ["bent"]),
        helper.make_node("Add", ["x", "bent"], ["last_hidden_state"]),
    ]
    reads = ("input_ids", "attention_mask", "token_type_ids")
    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in reads]
    says = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, WIDTH])
    held = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "sentences", inputs, [says], held)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)
