"""Counting what a cell computes, on its eager run, by PyTorch's own formulas and a few more.

``torch.utils.flop_counter.FlopCounterMode`` counts matrix products, convolutions and attention,
forward and backward, a multiply-add as two. Missing there are products with a vector, those of
integers, and attention on a CPU; recurrent layers run unfused while they are counted. The
gradients of convolutions in groups are counted anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils import flop_counter

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import Operation, OperationCount
from dlmagic.frameworks.torch import _compat as compat

Shape = tuple[int, ...]
Formula = Callable[..., int]


def count_operations(run: Callable[[], object]) -> OperationCount | Reason:
    """Count the products and convolutions of a run, backward passes included.

    Whatever was compiled must run eagerly meanwhile; that is the caller's.

    Args:
        run: Runs the cell once.
    """
    mapping = formulas()
    details = _Details(formulas_by_operation())
    counter = flop_counter.FlopCounterMode(display=False, custom_mapping=mapping)
    with warnings.catch_warnings(), without_fused_layers():
        # Of hooks on modules, by which the counter knows where it is.
        warnings.filterwarnings("ignore", message="Using `torch.compile")
        with details, counter:
            run()
    if details.sparse:
        return Reason("the FLOPs of a sparse product depend on how many values are stored")
    return _complete(details.count, counter.get_total_flops())


def _complete(count: OperationCount, total: float) -> OperationCount:
    """Add what only PyTorch's own counter sees, such as kernels that the user registered."""
    missing = total - count.flops
    if missing > 0:
        known = max(count.operations, key=lambda each: each.flops, default=None)
        dtype, device = (known.dtype, known.device) if known else ("float32", "cpu")
        count.add(Operation(dtype, device, missing, 0.0))
    return count


class _Details(compat.TorchDispatchMode):
    """Notes type, place and bytes of every operation that has a formula.

    Args:
        formulas: By operation: FLOPs of its arguments and its result.

    Attributes:
        count: What has been noted.
        sparse: Whether an operand stores only some of its values.
    """

    def __init__(self, formulas: Mapping[Any, Formula]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = OperationCount()
        self.sparse = False
        self._formulas = formulas

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Run an operation and note it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = self._formulas.get(getattr(func, "_overloadpacket", None))
        if formula is not None:
            self.sparse |= any(t.layout != torch.strided for t in _tensors((args, kwargs)))
            flops = formula(*args, **kwargs, out_val=result)
            self.count.add(_operation(flops, (args, kwargs), result))
        return result


def _operation(flops: float, given: object, result: object) -> Operation:
    operands, results = list(_tensors(given)), list(_tensors(result))
    factors = [t for t in operands if t.dim() > 0] or operands or results
    moved = sum(t.numel() * t.element_size() for t in (*operands, *results))
    first = factors[0]
    # What is added to a product may be of another type; a seed of dropout is an integer.
    floating = [t for t in factors if t.is_floating_point() or t.is_complex()] or [first]
    dtype = str(floating[-1].dtype).removeprefix("torch.")
    return Operation(dtype, str(first.device), float(flops), float(moved))


def _tensors(value: object) -> Iterator[Tensor]:
    return (leaf for leaf in compat.pytree.tree_leaves(value) if isinstance(leaf, Tensor))


def formulas() -> dict[Any, Formula]:
    """Formulas beyond PyTorch's own, by operation; of those that this PyTorch has.

    Each takes the shapes of the arguments, as PyTorch's own do.
    """
    wanted: dict[str, Formula] = {
        "mv": _matrix_vector,
        "addmv": lambda _, matrix, vector, **__: _matrix_vector(matrix, vector),
        "dot": _inner,
        "vdot": _inner,
        "addbmm": lambda _, a, b, **__: _batched(a, b),
        "_int_mm": lambda a, b, **_: _batched(a, b),
        "_addmm_activation": lambda _, a, b, *__, **___: _batched(a, b),
        "_scaled_dot_product_flash_attention_for_cpu": _attention,
        "_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
        "_trilinear": _trilinear,
    }
    found = {getattr(torch.ops.aten, name, None): formula for name, formula in wanted.items()}
    found.pop(None, None)
    added = {op: f for op, f in found.items() if op not in flop_counter.flop_registry}
    # PyTorch's own counts the gradient by the kernel as often as there are groups.
    return {**added, torch.ops.aten.convolution_backward: _convolution_backward}


def formulas_by_operation() -> dict[Any, Formula]:
    """All formulas, PyTorch's own and those that the user registered among them.

    Each takes the arguments of the operation, and its result as ``out_val``.
    """
    return {**flop_counter.flop_registry, **_with_values(formulas())}


def _with_values(mapping: Mapping[Any, Formula]) -> dict[Any, Formula]:
    """The same formulas for arguments instead of shapes, as PyTorch's registry holds them."""
    return {operation: _of_values(formula) for operation, formula in mapping.items()}


def _of_values(formula: Formula) -> Formula:
    def of_values(*args: Any, out_val: object = None, **kwargs: Any) -> int:
        shapes: Any = compat.pytree.tree_map(_shape, (args, kwargs, out_val))
        return formula(*shapes[0], out_shape=shapes[2], **shapes[1])

    return of_values


def _shape(value: object) -> object:
    return value.shape if isinstance(value, Tensor) else value


def _batched(a: Shape, b: Shape) -> int:
    return 2 * prod(a) * b[-1]


def _matrix_vector(matrix: Shape, *_: Any, **__: Any) -> int:
    return 2 * prod(matrix)


def _inner(vector: Shape, *_: Any, **__: Any) -> int:
    return 2 * prod(vector)


def _attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Two products: query with key, and the weights with value; a causal mask saves nothing."""
    *batch, length, width = query
    return 2 * prod(batch) * length * key[-2] * (width + value[-1])


def _attention_backward(
    _: Shape, query: Shape, key: Shape, value: Shape, *__: Any, **___: Any
) -> int:
    """The weights again, and the gradients of both products by both of their factors."""
    *batch, length, width = query
    return 2 * prod(batch) * length * key[-2] * (3 * width + 2 * value[-1])


def _convolution_backward(
    gradient: Shape, x: Shape, kernel: Shape, *settings: Any, **_: Any
) -> int:
    """As much as the convolution itself, for each of the two gradients that are wanted."""
    transposed, wanted = settings[4], settings[7]
    places = x[2:] if transposed else gradient[2:]
    return 2 * x[0] * int(prod(places)) * int(prod(kernel)) * sum(map(int, wanted[:2]))


def _trilinear(*given: Any, **_: Any) -> int:
    """``torch.nn.functional.bilinear``: three factors, each with axes put in, then summed up."""
    shapes = [_expanded(shape, axes) for shape, axes in zip(given[:3], given[3:6], strict=True)]
    return 2 * int(prod(max(sizes) for sizes in zip(*shapes, strict=True)))


def _expanded(shape: Shape, axes: list[int]) -> list[int]:
    sizes = list(shape)
    for axis in sorted(axes):
        sizes.insert(axis, 1)
    return sizes


@contextmanager
def without_fused_layers() -> Iterator[None]:
    """While active, recurrent layers and transformers run as the single operations they are.

    Convolutions take another kernel, and count the same.
    """
    attention = torch.backends.mha
    fast = attention.get_fastpath_enabled()
    libraries: tuple[Any, ...] = (torch.backends.mkldnn, torch.backends.cudnn)
    enabled = [library.enabled for library in libraries]
    attention.set_fastpath_enabled(False)
    try:
        for library in libraries:
            library.enabled = False
        yield
    finally:
        for library, before in zip(libraries, enabled, strict=True):
            library.enabled = before
        attention.set_fastpath_enabled(fast)
