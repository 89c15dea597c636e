"""An ONNX graph that came with a model, loaded alike for every kind: alone, on one thread."""

from __future__ import annotations

from typing import Any


def session_of(graph: bytes) -> Any:
    """The graph, ready to be run; ValueError with the reason where it cannot be loaded.

    Whoever asks has seen to it that onnxruntime is installed, and that no weights lie elsewhere.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is raised as well
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a class for each, and not one for all
        raise ValueError((str(error).splitlines() or [""])[0][:200]) from error
