"""Tensors and variables of TensorFlow, described by their metadata."""

from __future__ import annotations

import tensorflow as tf

from dlmagic.frameworks.description import Description
from dlmagic.frameworks.tensorflow.description import describe, parts_of


def test_a_tensor_and_a_variable() -> None:
    found = describe(tf.zeros((2, 3)))
    assert found is not None
    assert (found.kind, found.shape, found.dtype, found.nbytes) == ("Tensor", (2, 3), "float32", 24)
    assert found.device == "cpu:0"
    assert found.requires_grad is None
    variable = describe(tf.Variable([1, 2], trainable=False))
    assert variable is not None
    assert (variable.kind, variable.requires_grad, variable.dtype) == ("Variable", False, "int32")
    assert describe(1.0) is None


def test_unusual_tensors() -> None:
    ragged = describe(tf.ragged.constant([[1], [2, 3]]))
    assert ragged is not None
    assert (ragged.kind, ragged.shape, ragged.nbytes) == ("RaggedTensor", (2, "?"), None)
    sparse = describe(tf.sparse.from_dense([[1.0, 0.0]]))
    assert sparse is not None
    assert (sparse.kind, sparse.shape) == ("SparseTensor", (1, 2))
    assert describe(tf.constant("text")).dtype == "string"  # type: ignore[union-attr]


def test_a_symbolic_tensor() -> None:
    seen: list[Description | None] = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def function(x: tf.Tensor) -> tf.Tensor:
        seen.append(describe(x))
        return x

    function(tf.zeros((2, 3)))
    (found,) = seen
    assert found is not None
    assert (found.shape, found.remark, found.nbytes) == (("?", 3), "symbolic", None)


def test_a_module_has_parts() -> None:
    module = tf.Module()
    module.weight = tf.Variable([1.0])
    assert parts_of(module) == [module.weight]
    assert parts_of("x") is None
