"""Every rule that is known, in the order in which they are asked."""

from __future__ import annotations

import importlib
from functools import cache

from dlmagic.magics.tensors.explain.rule import Rule

RULES = (
    # PyTorch
    "layer_features",
    "class_targets",
    "class_range",
    "target_dtype",
    "target_shape",
    "scalar_backward",
    "no_gradient",
    "second_backward",
    "leaf_in_place",
    "view_in_place",
    "needed_in_place",
    "numpy_of_tensor",
    # All frameworks
    "matrix_product",
    "broadcast",
)
"""Modules of the folder ``rules``: those that know more of the place come first."""


@cache
def rules() -> tuple[Rule, ...]:
    """All rules; they are imported when the first error is explained."""
    return tuple(importlib.import_module(f"{__package__}.rules.{name}") for name in RULES)
