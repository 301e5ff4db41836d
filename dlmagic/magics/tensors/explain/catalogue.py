"""Every rule that is known, in the order in which they are asked."""

from __future__ import annotations

import importlib
from functools import cache

from dlmagic.magics.tensors.explain.rule import Rule

RULES = (
    # PyTorch
    "device_assert",
    "in_worker",
    "out_of_memory",
    "not_made",
    "device_mismatch",
    "layer_features",
    "conv_channels",
    "class_targets",
    "class_range",
    "target_dtype",
    "target_shape",
    "dtype_mismatch",
    "whole_numbers",
    "index_dtype",
    "axes_count",
    "index_range",
    "axis_range",
    "reshape_size",
    "view_order",
    "joined",
    "batch_of_one",
    "scalar_backward",
    "no_gradient",
    "second_backward",
    "leaf_in_place",
    "view_in_place",
    "needed_in_place",
    "numpy_of_tensor",
    "truth_of_many",
    "device_string",
    "map_location",
    "state_dict",
    "wrong_object",
    "output_object",
    "not_callable",
    "module_init",
    "forward_missing",
    "list_of_layers",
    "empty_optimizer",
    # All frameworks
    "matrix_product",
    "broadcast",
)
"""Modules of the folder ``rules``: those that know more of the place come first."""


@cache
def rules() -> tuple[Rule, ...]:
    """All rules; they are imported when the first error is explained."""
    return tuple(importlib.import_module(f"{__package__}.rules.{name}") for name in RULES)
