"""A convolution or a pooling whose kernel is larger than what is left of the image."""

from __future__ import annotations

import ast
import copy
import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, running_layer
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import (
    Mend,
    UnknownShapeError,
    is_chain,
    leaves,
    passed,
    uncompiled,
    zeros_like_batch,
)
from dlmagic.magics.tensors.explain.modules import (
    constructor_of,
    found_module,
    named_module,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Kernel size can't be greater than actual input size"),
    re.compile(r"Calculated output size: .*Output size is too small"),
    re.compile(r"Invalid computed output size"),
)
_FUNCTION, _CLASS = re.compile(r"max_pool(\d)d"), re.compile(r"\w+([123])d")
_DOUBLINGS = 10  # of what is added to a size
_BATCH = 4
"""Axes of a batch of images."""
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class _Kernel:
    """What moves over an image, with one number for each of its axes.

    Attributes:
        name: What the user calls the layer or the function.
        layer: The layer; None for a function.
        taken: What it gets.
        reach: From the first to the last element that it covers at once.
        padding: What is added on each side.
    """

    name: str
    layer: Any = field(repr=False)
    taken: Operand
    reach: tuple[int, ...]
    padding: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the image."""
        return (self.taken.shape or ())[-len(self.reach) :]

    @property
    def fits(self) -> bool:
        """Whether the image is large enough."""
        sides = zip(self.sizes, self.padding, self.reach, strict=True)
        return all(size + 2 * more >= reach for size, more, reach in sides)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How large the kernel is, and what it gets."""
    kernel = _of_layer(failure) or _of_function(failure)
    if kernel is None or not kernel.taken.shape or kernel.fits:
        return None
    more = f", and {_by(kernel.padding)} of padding on each side" if any(kernel.padding) else ""
    return Explained(
        kind="kernel-size",
        message=(
            f"The kernel of {kernel.name} covers {_by(kernel.reach)}, and {kernel.taken.name} "
            f"{kernel.taken.shape} has {_by(kernel.sizes)}{more}."
        ),
        operands=(kernel.taken,),
        candidates=tuple(_candidates(failure, kernel)),
        notes=tuple(_least(failure)),
    )


def _of_layer(failure: Failure) -> _Kernel | None:
    layer, value = running_layer(failure, "conv", "pooling")
    size = getattr(layer, "kernel_size", None)
    if size is None:
        return None
    name = named_module(layer, failure.sites)
    taken = given(failure, value, 0, f"the input of {name}")
    axes = _axes_of(layer)
    padding = getattr(layer, "padding", 0)
    return _Kernel(
        name,
        layer,
        taken,
        _reach(_each(size, axes), _each(getattr(layer, "dilation", 1), axes)),
        _each(0 if isinstance(padding, str) else padding, axes),
    )


def _axes_of(layer: Any) -> int:
    """Over how many axes its kernel moves: two for ``MaxPool2d`` and for classes made of it."""
    of_torch = (each for each in type(layer).__mro__ if each.__module__.startswith("torch."))
    names = (_CLASS.fullmatch(each.__name__) for each in of_torch)
    return next((int(found[1]) for found in names if found is not None), 1)


def _of_function(failure: Failure) -> _Kernel | None:
    """``F.max_pool2d``, which PyTorch has written in Python."""
    call = called(failure.site)
    found = _FUNCTION.fullmatch(call.name) if call is not None else None
    step = failure.inside(f"_{call.name}", "nn.functional") if call and found else None
    if call is None or found is None or step is None:
        return None
    size, padding, gaps = (
        _each(step.local(each), int(found[1])) for each in ("kernel_size", "padding", "dilation")
    )
    name = ast.unparse(call.node.func)
    taken = given(failure, step.local("input"), 0, f"the input of {name}")
    return _Kernel(name, None, taken, _reach(size, gaps), padding)


def _each(size: Any, axes: int) -> tuple[int, ...]:
    sizes = tuple(size) if isinstance(size, tuple | list) else (size,)
    return sizes * axes if len(sizes) == 1 else sizes


def _reach(kernel: tuple[int, ...], gaps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(gap * (size - 1) + 1 for size, gap in zip(kernel, gaps, strict=True))


def _by(sizes: tuple[int, ...]) -> str:
    elements = " element" if sizes == (1,) else " elements"
    return f"{sizes[0]}{elements}" if len(sizes) == 1 else " x ".join(map(str, sizes))


def _candidates(failure: Failure, kernel: _Kernel) -> Iterator[Candidate]:
    """Padding, where it can keep the size; otherwise larger images, or fewer layers before it."""
    shape, name = kernel.taken.shape or (), kernel.taken.name
    if len(shape) == _BATCH and shape[-1] in _CHANNELS and shape[-1] < min(shape[1:3]):
        yield Candidate(
            f"If {name} holds images with their channels last, bring them to the second axis, "
            f"{name}.movedim(-1, 1), and make {kernel.name} for {shape[-1]}."
        )
        return
    if hasattr(kernel.layer, "out_channels") and all(reach % 2 for reach in kernel.reach):
        yield _with_padding(failure, kernel)
    text = "Hand in something larger"
    if kernel.taken.node is None or not isinstance(kernel.taken.node, ast.Name):
        text += ", or leave out one of the layers before it that make it smaller"
    yield Candidate(f"{text}.")


def _with_padding(failure: Failure, kernel: _Kernel) -> Candidate:
    """With as much padding as keeps the size, where its steps are of one element."""
    kept = tuple(reach // 2 for reach in kernel.reach)
    code = str(kept[0]) if len(set(kept)) == 1 else str(kept)
    made = constructor_of(found_module(kernel.layer, failure.sites), failure)
    line = None
    if made is not None:
        line = made.with_argument(4, "padding", code) or line_with(
            made.place, {made.call: f"{ast.unparse(made.call)[:-1]}, padding={code})"}
        )

    place = made.place if made is not None else None
    return Candidate(
        f"Pad what it gets: padding={code}.",
        line,
        lambda: _check(failure, kernel, kept),
        place,
    )


def _check(failure: Failure, kernel: _Kernel, padding: tuple[int, ...]) -> Tried:
    """Whether it takes what it gets, and the layers behind it in a ``Sequential`` fit."""
    chain, images = _chain(failure)
    if chain is None:
        return "shape-verified" if min(kernel.sizes) > 0 else "failed"
    padded, mends = copy.copy(kernel.layer), list[Mend]()
    padded.padding = padding
    layers = [padded if each is kernel.layer else each for each in leaves(chain)]
    try:
        passed(layers, zeros_like_batch((1, *images[1:])), mends)
    except (UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        return "not tried"
    return "not tried" if mends else "shape-verified"


def _chain(failure: Failure) -> tuple[Any, tuple[int, ...]]:
    """The ``Sequential`` that was called, and the shape of a batch of images for it."""
    site = failure.site
    node = site.node if site is not None else None
    if site is None or not isinstance(node, ast.Call) or len(node.args) != 1:
        return None, ()
    chain, shape = uncompiled(value_of(node.func, site)), operand(node.args[0], site).shape or ()
    return (chain, shape) if is_chain(chain) and len(shape) == _BATCH else (None, ())


def _least(failure: Failure) -> Iterator[str]:
    """From which size on all layers of a ``Sequential`` have enough."""
    chain, shape = _chain(failure)
    if chain is None:
        return
    steps = (2**power for power in range(_DOUBLINGS))
    enough = next((more for more in steps if _goes_through(chain, shape, more)), None)
    if enough is None:
        return
    between = range(enough // 2 + 1, enough)
    more = bisect_left(between, True, key=lambda each: _goes_through(chain, shape, each))
    sizes = tuple(size + enough // 2 + 1 + more for size in shape[2:])
    yield f"Images of {_by(sizes)} or more are large enough for all its layers."


def _goes_through(chain: Any, shape: tuple[int, ...], more: int) -> bool:
    """Whether all layers take images that are larger by so much."""
    with suppress(UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        passed(chain, zeros_like_batch((1, shape[1], *(size + more for size in shape[2:]))), [])
        return True
    return False
