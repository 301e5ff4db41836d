"""What layers of PyTorch do to a shape, and for which one each was made."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from typing import Any

from dlmagic.magics.tensors.explain.hostile import is_a

_MANY_ELEMENTS = 1_000_000
_MOST_ELEMENTS = 16_000_000
_PASSING = ("activation", "dropout", "batchnorm", "instancenorm", "normalization")
_RESHAPING = ("flatten", "padding", "upsampling", "pixelshuffle")
_CONVOLUTIONS = tuple(f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3))
_NORMALISING = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
_OTHERS = ("MultiheadAttention", "GLU", "Softmax2d", "FractionalMaxPool2d", "FractionalMaxPool3d")


class UnknownShapeError(Exception):
    """What comes next cannot be foreseen."""


@dataclass(frozen=True)
class Mend:
    """A layer that must be made for another number of features or channels.

    Attributes:
        layer: The layer.
        wanted: What it was made for.
        gets: What it gets.
        shape: Of its whole input.
    """

    layer: Any = field(repr=False)
    wanted: int
    gets: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Made:
    """How the constructor of a kind of layer names its number of inputs.

    Attributes:
        keyword: The argument, and the layer's attribute.
        axis: Which axis of the input it stands for.
    """

    keyword: str
    axis: int


def made_for(layer: Any) -> Made | None:
    """Which number of a layer must be that of its input, or None."""
    torch: Any = sys.modules["torch"]
    if layer_kind(layer) is None:
        return None
    if isinstance(layer, torch.nn.Linear):
        return Made("in_features", -1)
    if isinstance(layer, torch.nn.RNNBase | torch.nn.RNNCellBase):
        return Made("input_size", -1)
    if _is_one_of(layer, _CONVOLUTIONS):
        return Made("in_channels", -1 - len(layer.kernel_size))
    if _is_one_of(layer, _NORMALISING):
        return Made("num_features", 1)
    return None


def _is_one_of(layer: object, names: Iterable[str]) -> bool:
    torch: Any = sys.modules["torch"]
    return isinstance(layer, tuple(getattr(torch.nn, name) for name in names))


def layer_kind(layer: object) -> str | None:
    """The file of PyTorch in which a layer is written, or None for all other values."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not is_a(layer, torch.nn.Module):
        return None
    module = type(layer).__module__
    return module.rpartition(".")[2] if module.startswith("torch.nn.modules.") else "of the user's"


def uncompiled(model: Any) -> Any:
    """The model in the wrapper of ``torch.compile``; any other value itself."""
    inner = model._modules.get("_orig_mod") if layer_kind(model) is not None else None
    return model if inner is None else inner


def leaves(layer: Any) -> list[Any]:
    """The layers of a ``Sequential`` and of those within it, in the order in which they run."""
    return [leaf for each in layer for leaf in leaves(each)] if is_chain(layer) else [layer]


def is_chain(layer: object) -> bool:
    """Whether a layer is a ``Sequential`` and does nothing else."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and type(layer) is torch.nn.Sequential


def first_misfit(chain: Any, given: Any) -> tuple[Any, Any]:
    """The first layer of a chain that was made for something else, and zeros of what it gets.

    None for both where all fit, or where it cannot be foreseen.
    """
    mends: list[Mend] = []
    with suppress(UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        passed(leaves(chain), zeros_like_batch(tuple(given.shape)), mends)
    if not mends:
        return None, None
    return mends[0].layer, given.new_zeros(()).expand(mends[0].shape)


def zeros_like_batch(shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, of a few samples where there are very many numbers.

    Raises:
        UnknownShapeError: A single sample is too large.
    """
    torch: Any = sys.modules["torch"]
    count = prod(shape)
    if count > _MANY_ELEMENTS and shape[0] > 2:
        return zeros_like_batch((2, *shape[1:]))
    if count > _MOST_ELEMENTS:
        raise UnknownShapeError
    return torch.zeros(()).expand(shape)  # one number in memory


def passed(layers: Iterable[Any], given: Any, mends: list[Mend]) -> Any:
    """What layers give one after the other, each made for what it gets.

    Args:
        layers: Layers of PyTorch.
        given: Zeros.
        mends: Collects those that were made for something else.

    Raises:
        UnknownShapeError: One of them does what is not known here.
    """
    for layer in (leaf for each in layers for leaf in leaves(each)):
        given = _through(layer, given, mends)
    return given


def _through(layer: Any, given: Any, mends: list[Mend]) -> Any:
    kind = layer_kind(layer)
    made = made_for(layer)
    if made is not None:
        wanted, gets = getattr(layer, made.keyword), given.shape[made.axis]
        if wanted != gets:
            mends.append(Mend(layer, wanted, gets, tuple(given.shape)))
    if type(layer).__name__ in _OTHERS:
        raise UnknownShapeError
    if kind == "linear":
        return _of_linear(layer, given)
    if kind == "conv":
        return _of_conv(layer, given)
    if kind == "pooling":
        return _of_pooling(layer, given)
    if kind in _PASSING:
        return given
    if kind in _RESHAPING:
        return _without_hooks(layer, given)
    raise UnknownShapeError


def _of_linear(layer: Any, given: Any) -> Any:
    if type(layer).__name__ == "Identity":
        return given
    return given.new_zeros((*given.shape[:-1], layer.out_features))


def _of_conv(layer: Any, given: Any) -> Any:
    """What a convolution gives, by the lengths alone."""
    axes = len(layer.kernel_size)
    known = not layer.transposed and not isinstance(layer.padding, str)
    if not known or given.ndim not in (axes + 1, axes + 2):
        raise UnknownShapeError
    sizes = zip(
        given.shape[-axes:],
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        strict=True,
    )
    lengths = [(n + 2 * pad - gaps * (k - 1) - 1) // step + 1 for n, k, step, pad, gaps in sizes]
    if min(lengths) < 1:
        raise UnknownShapeError
    return zeros_like_batch((*given.shape[: -1 - axes], layer.out_channels, *lengths))


def _of_pooling(layer: Any, given: Any) -> Any:
    """What pooling gives, computed with one channel of zeros."""
    axis = -1 - int(type(layer).__name__[-2])  # such as MaxPool2d
    result = _without_hooks(layer, given.narrow(axis, 0, 1))
    shape = list(result.shape)
    shape[axis] = given.shape[axis]
    return zeros_like_batch(tuple(shape))


def _without_hooks(layer: Any, given: Any) -> Any:
    """The layer's own computation, none of which changes it."""
    torch: Any = sys.modules["torch"]
    alone = copy.copy(layer)
    with torch.no_grad():
        return type(alone).forward(alone, given)
