"""What the targets of a loss are like, where they are small and on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dlmagic.frameworks.description import told
from dlmagic.frameworks.operations import Labels
from dlmagic.frameworks.torch.small_numbers import is_small

_OF_TWO = frozenset(
    {
        *("binary_cross_entropy_with_logits", "multilabel_soft_margin_loss", "soft_margin_loss"),
        *("hinge_embedding_loss", "cosine_embedding_loss", "margin_ranking_loss"),
        "poisson_nll_loss",
    }
)
_OF_CLASSES = frozenset({"cross_entropy", "nll_loss"})
_PLACE = {"cosine_embedding_loss": 2, "margin_ranking_loss": 2}
"""Where targets stand among the arguments; behind the prediction in all others."""


def labels_of(
    name: str, arguments: Sequence[object], options: Mapping[str, object]
) -> Labels | None:
    """None for what is no loss, and where nobody may look."""
    if name not in _OF_TWO and name not in _OF_CLASSES:
        return None
    target = _argument(arguments, options, _PLACE.get(name, 1), "target")
    if not isinstance(target, Tensor) or not target.numel() or not is_small(target):
        return None
    passed_over = _argument(arguments, options, 4, "ignore_index")
    index = passed_over if isinstance(passed_over, int) else -100
    return told(lambda: _labels(target.detach(), name in _OF_CLASSES, index))


def _argument(
    arguments: Sequence[object], options: Mapping[str, object], place: int, name: str
) -> object:
    return options.get(name, arguments[place] if len(arguments) > place else None)


def _labels(target: Tensor, of_classes: bool, index: int) -> Labels:
    lowest, highest = (float(each) for each in target.double().aminmax())
    is_floating = target.is_floating_point()
    return Labels(
        lowest=lowest,
        highest=highest,
        are_whole=not is_floating or bool((target == target.round()).all()),
        row_sums=_row_sums(target) if of_classes and is_floating else None,
        all_ignored=of_classes and not is_floating and bool((target == index).all()),
    )


def _row_sums(target: Tensor) -> tuple[float, float] | None:
    """Of rows with several numbers: one alone may be a class with a weight, none is a gap."""
    axis = 1 if target.dim() > 1 else 0
    several = (target != 0).sum(axis) > 1
    sums = target.double().sum(axis)[several] if target.dim() > 1 else target.double().sum()[None]
    if not bool(several.any()) or bool(torch.isnan(sums).any()):
        return None
    return float(sums.min()), float(sums.max())
