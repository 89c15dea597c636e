"""An ONNX graph in the making: the same steps give the same bytes, with nothing kept outside."""

from __future__ import annotations

from typing import Any

import numpy as np

INPUT, OUTPUT = "x", "y"  # the matrix of the encoded rows; values, or chances of each class

_IR, _OPSET, _TREES = 10, 18, 5  # what every onnxruntime of the extra reads


class NotConverted(Exception):
    """Why an estimator has no ONNX form here, in words."""


class Graph:
    """Steps that lead from the matrix to the answers."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """One more step; the name of what comes of it."""
        from onnx import NodeProto

        output = f"n{len(self._nodes)}"
        node = NodeProto(op_type=op, domain=domain, input=inputs, output=[output])
        node.attribute.extend(_attribute(key, value) for key, value in sorted(attributes.items()))
        self._nodes.append(node)
        return output

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """A number or an array; its name."""
        from onnx.numpy_helper import from_array

        name = f"c{len(self._constants)}"
        self._constants.append(from_array(np.asarray(value, dtype=dtype), name))
        return name

    def bytes(self, answer: str) -> bytes:
        """The model whose output is what is called `answer`."""
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [answer], [OUTPUT]))
        read = helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, self._width])
        said = helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, None])
        made = helper.make_graph(self._nodes, "keepfit", [read], [said], self._constants)
        return sealed(helper.make_model(made, opset_imports=_opsets()))


def sealed(model: Any) -> bytes:
    """A model's bytes without what tells of its making."""
    model.ir_version = _IR
    model.producer_name, model.graph.name = "keepfit", "keepfit"
    for field in ("producer_version", "domain", "model_version", "doc_string", "metadata_props"):
        model.ClearField(field)
    # skl2onnx names the sets of operators in the order of a set, which each process has its own of
    sets = sorted(model.opset_import, key=lambda one: str(one.domain))
    named = [type(one)(domain=one.domain, version=one.version) for one in sets]
    del model.opset_import[:]
    model.opset_import.extend(named)
    return bytes(model.SerializeToString(deterministic=True))


def _opsets() -> list[Any]:
    from onnx import helper

    return [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _TREES)]


def _attribute(name: str, value: Any) -> Any:
    # not by `onnx.helper`, which looks at each of millions of numbers
    from onnx import AttributeProto, numpy_helper

    if isinstance(value, int):
        return AttributeProto(name=name, type=AttributeProto.INT, i=value)
    if value.dtype == np.int64:
        return AttributeProto(name=name, type=AttributeProto.INTS, ints=value.tolist())
    tensor = numpy_helper.from_array(value, name)
    return AttributeProto(name=name, type=AttributeProto.TENSOR, t=tensor)
