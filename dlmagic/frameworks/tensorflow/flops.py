"""Counting what a cell computes, operation by operation while it runs eagerly.

The user's own ``tf.function``s must run eagerly meanwhile, so that loops and branches count as
often as they really run. Gradients are operations like others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import tensorflow as tf

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import Operation, OperationCount
from dlmagic.frameworks.tensorflow import _compat as compat

Shape = Sequence[int]
Formula = Callable[[Sequence[Shape], Sequence[Shape], Mapping[str, Any]], float]


def count_operations(run: Callable[[], object]) -> OperationCount | Reason:
    """Count the products and convolutions of a run, gradients included.

    Args:
        run: Runs the cell once.
    """
    count = OperationCount()

    note = _noted(count.add)

    with compat.operations_told(note) as told:
        if not told:
            return Reason("this TensorFlow does not tell its operations")
        run()
    return count


@contextmanager
def flops_told(listener: Callable[[float], object]) -> Iterator[bool]:
    """While active, the FLOPs of each product and convolution that runs eagerly are told.

    Functions run eagerly meanwhile. The context's value is whether that is possible.
    """
    note = _noted(lambda operation: listener(operation.flops))

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with compat.operations_told(note) as told:
            yield told
    finally:
        tf.config.run_functions_eagerly(before)


def _noted(tell: Callable[[Operation], object]) -> Callable[..., None]:
    """What TensorFlow calls after each operation; tells those with a formula that run eagerly."""

    def note(
        kind: Any,
        inputs: Any,
        attributes: Any,
        outputs: Any,
        op_name: Any = None,  # noqa: ARG001 - TensorFlow's signature
        graph: Any = None,
    ) -> None:
        formula = _FORMULAS.get(_text(kind))
        if formula is not None and graph is None:
            tell(_operation(formula, inputs, _by_name(attributes), outputs))

    return note


def _operation(
    formula: Formula, inputs: Any, attributes: Mapping[str, Any], outputs: Any
) -> Operation:
    operands, results = list(inputs), list(outputs)
    shapes = [tuple(value.shape.as_list()) for value in operands]
    made = [tuple(value.shape.as_list()) for value in results]
    moved = sum(value.dtype.size * prod(value.shape.as_list()) for value in (*operands, *results))
    flops = formula(shapes, made, attributes)
    device = tf.DeviceSpec.from_string(results[0].device)
    place = f"{device.device_type or 'CPU'}:{device.device_index or 0}"
    return Operation(results[0].dtype.name, place, float(flops), float(moved))


def _by_name(attributes: Any) -> dict[str, Any]:
    """The attributes of an operation, which come as names and values in turn."""
    pairs = zip(attributes[::2], attributes[1::2], strict=False)
    return {_text(name): value for name, value in pairs}


def _text(name: Any) -> str:
    """A name as text: TensorFlow tells some operations by bytes."""
    return name.decode() if isinstance(name, bytes) else str(name)


def _product(
    inputs: Sequence[Shape], outputs: Sequence[Shape], attributes: Mapping[str, Any]
) -> float:
    turned = any(attributes.get(name) for name in ("transpose_a", "adj_x", "adjoint_a"))
    return 2 * prod(outputs[0]) * inputs[0][-2 if turned else -1]


def _einsum(
    inputs: Sequence[Shape], outputs: Sequence[Shape], attributes: Mapping[str, Any]
) -> float:
    """The sizes of all labels multiplied; one operand alone is only rearranged or summed up."""
    if len(inputs) < 2:
        return 0
    equation = attributes["equation"]
    named, _, result = _text(equation).replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for labels, shape in zip(named.split(","), inputs, strict=True):
        before, dots, after = labels.partition("...")
        sizes.update(zip(before, shape, strict=False))
        sizes.update(zip(reversed(after if dots else ""), reversed(shape), strict=False))
    broadcast = len(outputs[0]) - len(result.replace("...", "")) if "..." in result else 0
    start = result.find("...")
    return 2 * prod(sizes.values()) * prod(outputs[0][start : start + broadcast])


def _convolution(inputs: Sequence[Shape], outputs: Sequence[Shape], _: Mapping[str, Any]) -> float:
    return 2 * prod(outputs[0]) * prod(inputs[1][:-1])


def _by_image(inputs: Sequence[Shape], _: Sequence[Shape], __: Mapping[str, Any]) -> float:
    """The gradient by the image: inputs are its size, the kernel, and the gradient."""
    return 2 * prod(inputs[2]) * prod(inputs[1][:-1])


def _by_kernel(inputs: Sequence[Shape], outputs: Sequence[Shape], _: Mapping[str, Any]) -> float:
    """The gradient by the kernel: inputs are the image, the kernel's size, and the gradient."""
    return 2 * prod(inputs[2]) * prod(outputs[0][:-1])


def _depthwise(inputs: Sequence[Shape], outputs: Sequence[Shape], _: Mapping[str, Any]) -> float:
    return 2 * prod(outputs[0]) * prod(inputs[1][:-2])


def _depthwise_by_image(
    inputs: Sequence[Shape], _: Sequence[Shape], __: Mapping[str, Any]
) -> float:
    return 2 * prod(inputs[2]) * prod(inputs[1][:-2])


def _depthwise_by_kernel(
    inputs: Sequence[Shape], outputs: Sequence[Shape], _: Mapping[str, Any]
) -> float:
    return 2 * prod(inputs[2]) * prod(outputs[0][:-2])


_FORMULAS: dict[str, Formula] = {
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product),
    "SparseMatMul": _product,
    "Einsum": _einsum,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv2DBackpropInput": _by_image,
    "Conv2DBackpropFilter": _by_kernel,
    "Conv3DBackpropInputV2": _by_image,
    "Conv3DBackpropFilterV2": _by_kernel,
    "DepthwiseConv2dNative": _depthwise,
    "DepthwiseConv2dNativeBackpropInput": _depthwise_by_image,
    "DepthwiseConv2dNativeBackpropFilter": _depthwise_by_kernel,
}


def flops_of_operation(op: Any) -> int | None:
    """Floating point operations of a product, a convolution or a function in a graph.

    Returns:
        None for any other operation, and where the graph leaves the length of an axis open.
    """
    called = compat.graph_called_by(op)
    if called is not None:
        return sum(flops_of_operation(inner) or 0 for inner in called.get_operations()) or None
    formula = _FORMULAS.get(op.type)
    shapes = [[tensor.shape for tensor in tensors] for tensors in (op.inputs, op.outputs)]
    if formula is None or not all(shape.is_fully_defined() for part in shapes for shape in part):
        return None
    inputs, outputs = ([tuple(shape.as_list()) for shape in part] for part in shapes)
    attributes = {name: op.get_attr(name) for name in op.node_def.attr}
    return int(formula(inputs, outputs, attributes)) or None
