"""What the gradients that are not finite tell, where the step cannot be run once more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile

from torch import nn

from dlmagic.magics.watch.sample_result import Culprit

_WRAPPERS = ("module", "_orig_mod")


def told_by_gradients(model: nn.Module, not_finite: Collection[str], step: int) -> Culprit:
    """Tell it from which parameters' gradients are not finite.

    On its way back a gradient spoils all layers that lie before the one where it went wrong. Where
    the last layers are finite, that one is the last that is not; where all are spoiled, it can be
    anywhere, the loss included.

    Args:
        model: The model, wrapped or not.
        not_finite: Names of those parameters, as in ``named_parameters()``.
        step: The step in which they were.
    """
    bad = {_plain(name) for name in not_finite}
    names = [_plain(name) for name, each in model.named_parameters() if each.requires_grad]
    last = _last_of(names, bad)
    layer, _, _ = last.rpartition(".")
    return Culprit(
        step=step,
        pass_="backward" if last else "unknown",
        layer=layer,
        kind=_kind(model, layer) if last else "",
        call=1 if last else 0,
        what="NaN or Inf",
        count=len(bad),
        total=len(names),
        certain=False,
    )


def _last_of(names: Sequence[str], bad: Collection[str]) -> str:
    """The last parameter that is spoiled, where finite ones follow; else an empty text."""
    finite = list(takewhile(lambda name: name not in bad, reversed(names)))
    rest = names[: len(names) - len(finite)]
    layer = rest[-1].rpartition(".")[0] if rest else ""
    beyond = [name for name in finite if name.rpartition(".")[0] != layer]
    return rest[-1] if rest and beyond else ""


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _kind(model: nn.Module, layer: str) -> str:
    kinds = {_plain(path): type(module).__name__ for path, module in model.named_modules()}
    return kinds.get(layer, "")
