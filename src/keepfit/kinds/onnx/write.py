"""A fitted model of kind `sklearn` as ONNX, where that can be said in float64."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, cast

from keepfit.kinds.onnx.graph import INPUT, OUTPUT, Graph, NotConverted, sealed
from keepfit.kinds.onnx.trees import trees_of
from keepfit.kinds.sklearn.model import Learned

_OPSETS = {"": 18, "ai.onnx.ml": 3}  # the newest that skl2onnx converts everything to


def convert(fitted: object) -> bytes | None:
    """The model's ONNX file; None without the extra `onnx`. NotConverted with the reason."""
    if not (find_spec("skl2onnx") and find_spec("onnxruntime")):
        return None
    learned = cast(Learned, fitted)
    if any(number.fill is None for number in learned.header.encoding.numbers):
        raise NotConverted('rows without a number are refused (encode.missing is "fail")')
    if learned.classes and not hasattr(learned.estimator, "predict_proba"):
        raise NotConverted("it gives labels without probabilities")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of skl2onnx, to those who write converters
            return _converted(learned)
    except NotConverted:
        raise
    except Exception as error:  # the converters raise what they like
        said = (str(error).splitlines() or [""])[0][:200]
        raise NotConverted(f"skl2onnx cannot convert it: {said or type(error).__name__}") from error


def _converted(learned: Learned) -> bytes:
    graph = Graph(learned.header.width)
    answer = trees_of(learned.estimator, graph)
    return _foreign(learned) if answer is None else graph.bytes(answer)


def _foreign(learned: Learned) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    read = [(INPUT, DoubleTensorType([None, learned.header.width]))]
    options = {id(learned.estimator): {"zipmap": False}} if learned.classes else None
    model: Any = convert_sklearn(
        learned.estimator,
        name="keepfit",
        initial_types=read,
        options=options,
        target_opset=_OPSETS,
    )
    _answer_alone(model.graph, 1 if learned.classes else 0)
    return sealed(model)


def _answer_alone(graph: Any, place: int) -> None:
    """Leave one output, in float64 and by the name that readers know."""
    from onnx import TensorProto, helper

    name = graph.output[place].name
    to = helper.make_node("Cast", [name], [OUTPUT], to=TensorProto.DOUBLE)
    graph.node.append(to)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, None]))
