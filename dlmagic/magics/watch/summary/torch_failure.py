"""Which layer refused its input, and what it expected."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from dlmagic.errors import InputError
from dlmagic.magics.watch.summary.shapes import in_words
from dlmagic.magics.watch.summary.torch_calls import CallTracker, tensors_in

_CONVOLUTIONS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
_NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
)


def wants_indices(tracker: CallTracker) -> bool:
    """Whether a layer that takes whole numbers was given others."""
    if not tracker.layers:
        return False
    layer, given = tracker.layers[-1]
    wanted = isinstance(layer, nn.Embedding | nn.EmbeddingBag)
    return wanted and any(each.is_floating_point() for each in list(tensors_in(given))[:1])


def is_refused(tracker: CallTracker) -> bool:
    """Whether the innermost layer was given something that its settings do not allow."""
    if not tracker.layers:
        return False
    layer, given = tracker.layers[-1]
    return any(expectation(layer, tensor) for tensor in list(tensors_in(given))[:1])


def told(error: Exception, tracker: CallTracker, name: str) -> Exception:
    """The error that the user should see: one line for a refused input, else their own error.

    Args:
        error: What came out of the model's call.
        tracker: Who knows which layers were under way.
        name: What the user calls the model.
    """
    if isinstance(error, TypeError) and "forward()" in str(error) and len(tracker.layers) < 2:
        said = " ".join(str(error).split()).rstrip(".")
        called = name or "model"
        several = (
            f"shapes as in %summary {called} 32,10 32,5, or values as in %summary {called} x, y"
        )
        advice = f"Give one input for each argument: {several}." if "missing" in said else ""
        return InputError(
            f"{name or 'The model'} cannot be called with this input: {said}.", advice
        )
    if not tracker.layers:
        return error
    layer, given = tracker.layers[-1]
    where = _where(tracker, name)
    if len(tracker.layers) == 1 and _has_no_forward(error):
        inside = first_part(layer)
        one = f", or one of its parts, as %summary {name}{inside} INPUT" if name and inside else ""
        return InputError(
            f"{where} has no forward(), so it cannot be called with an input.",
            f"Ask without an input for its parameters{one}.",
        )
    tensors = list(tensors_in(given))
    got = " and ".join(_described(tensor) for tensor in tensors) or "no tensor"
    if not type(layer).__module__.startswith("torch.nn"):
        error.add_note(f"This happened in {where}, which was given {got}.")
        return error
    wanted = expectation(layer, tensors[0]) if tensors else ""
    said = " ".join(str(error).split()).rstrip(".")
    return InputError(
        f"{where} refuses {got}{f': it takes {wanted}' if wanted else ''}.",
        f"PyTorch says: {said if len(said) < 200 else said[:199] + '…'}.",
    )


def lacks_forward(model: nn.Module) -> bool:
    """Whether nobody has written a forward() for it; that of Lightning only says so."""
    if "forward" in vars(model):
        return False
    kind = next(each for each in type(model).__mro__ if "forward" in vars(each))
    return kind is nn.Module or kind.__name__ == "LightningModule"


def first_part(model: nn.Module) -> str:
    """What to write behind a model for the first layer right inside it that can be called.

    It is empty if there is none.
    """
    parts = model.named_children()
    name = next((name for name, part in parts if not lacks_forward(part)), "")
    return f"[{name}]" if name.isdecimal() else f".{name}" if name else ""


def _has_no_forward(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) and 'required "forward"' in str(error)


def _where(tracker: CallTracker, name: str) -> str:
    path = tracker.open[-1].path
    layer, _ = tracker.layers[-1]
    called = ".".join(filter(None, (name, path))) or "the model"
    return f"{called} ({type(layer).__name__})"


def _described(tensor: Tensor) -> str:
    return f"{in_words(tuple(tensor.shape))} {str(tensor.dtype).removeprefix('torch.')}"


def expectation(layer: nn.Module, given: Tensor) -> str:
    """What a layer of PyTorch takes, where its settings say that it does not take this."""
    known: Any = layer
    if isinstance(layer, _CONVOLUTIONS):
        axes = len(known.kernel_size)
        wanted = f"batch×{known.in_channels} channels{'×size' * axes}"
        fits = given.ndim in (axes + 1, axes + 2) and given.shape[-axes - 1] == known.in_channels
        return "" if fits else wanted
    if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        return f"whole numbers (int32 or int64) below {known.num_embeddings}"
    if isinstance(layer, nn.LayerNorm):
        last = tuple(known.normalized_shape)
        fits = tuple(given.shape[-len(last) :]) == last
        return "" if fits else f"{in_words(last)} on the last axes"
    for kinds, setting, axis, words in _SIZES:
        if isinstance(layer, kinds):
            size = getattr(known, setting)
            fits = given.ndim > max(axis, 0) and given.shape[axis] == size
            return "" if fits else f"{size} {words}"
    return ""


_LAST, _SECOND = "features on the last axis", "channels on the second axis"
_SIZES: tuple[tuple[Any, str, int, str], ...] = (
    (nn.Linear, "in_features", -1, _LAST),
    (nn.RNNBase, "input_size", -1, _LAST),
    (nn.RNNCellBase, "input_size", -1, _LAST),
    (nn.MultiheadAttention, "embed_dim", -1, _LAST),
    (_NORMS, "num_features", 1, _SECOND),
    (nn.GroupNorm, "num_channels", 1, _SECOND),
)
