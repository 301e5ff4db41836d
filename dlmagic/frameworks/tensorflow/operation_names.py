"""What rules call the operations of TensorFlow."""

from __future__ import annotations

import re
from inspect import unwrap
from types import CodeType, FrameType

import tensorflow as tf

_SAME = {
    "AddV2": "add",
    "BatchMatMulV2": "matmul",
    "Cast": "to",
    "Equal": "eq",
    "ExpandDims": "unsqueeze",
    "MatMul": "matmul",
    "NotEqual": "ne",
    "RealDiv": "div",
    "Select": "where",
    "SelectV2": "where",
}
"""Those for which there is a name that says exactly the same in other frameworks."""
_GRAPH = re.compile(r"^__(?:inference|forward)_(.*)_\d+$")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DEEPEST = 12  # calls from an operation to a function of TensorFlow's that consists of a few


def name_of(kind: str | bytes) -> str:
    """The name of an operation; of a graph, that of its function."""
    text = kind.decode() if isinstance(kind, bytes) else kind
    graph = _GRAPH.match(text)
    if graph:
        return graph[1]
    return _SAME.get(text) or _WORD.sub("_", text).lower()


def composed_name(kind: str | bytes, frame: FrameType | None) -> str | None:
    """The name of the function that begins with an operation and is no operation itself.

    Args:
        kind: The operation.
        frame: Where the stack is looked at from.
    """
    name, code = _COMPOSED.get(kind.decode() if isinstance(kind, bytes) else kind, ("", None))
    for _ in range(_DEEPEST if name else 0):
        if frame is None:
            return None
        if frame.f_code is code:
            return name
        frame = frame.f_back
    return None


def _code(function: object) -> CodeType | None:
    return getattr(unwrap(function), "__code__", None)  # type: ignore[arg-type]


_COMPOSED = {
    "GreaterEqual": (
        "sigmoid_cross_entropy_with_logits",
        _code(tf.nn.sigmoid_cross_entropy_with_logits),
    ),
}
"""Functions without an operation of their own, by the one that takes their scores first."""
