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
    "attention_mask",
    "target_shape",
    "not_probabilities",
    "dtype_mismatch",
    "whole_numbers",
    "index_dtype",
    "axes_count",
    "index_range",
    "mask_shape",
    "axis_range",
    "reshape_size",
    "expanded_shape",
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
    "no_cuda",
    "map_location",
    "state_dict",
    "no_grad_yet",
    "wrong_object",
    "output_object",
    "array_called",
    "not_callable",
    "module_init",
    "forward_missing",
    "forward_arguments",
    "list_of_layers",
    "class_as_layer",
    "empty_optimizer",
    # Keras
    "keras_axes",
    "keras_lengths",
    "keras_channels_first",
    "keras_class_ids",
    "keras_one_hot",
    "keras_label_range",
    "keras_loss_shapes",
    "keras_not_compiled",
    "keras_not_built",
    "keras_samples",
    "keras_symbolic",
    "keras_lookup",
    "keras_weights",
    # Shapes
    "tensorflow_open_axis",
    "einsum",
    "linear_function",
    "matrix_product",
    "batch_axes",
    "compared_classes",
    "broadcast",
    # Arrays of any library
    "not_together",
    "shape_unpacked",
    "array_inplace_cast",
    "array_immutable",
    "array_index",
    "array_truth",
    "array_ragged",
    "array_element",
    "array_scalar",
    "array_objects",
    "array_none",
    "array_list",
    "array_reshape",
    "array_concatenate",
    "array_memory",
    # TensorFlow
    "tensorflow_dtypes",
    "tensorflow_assign",
    "tensorflow_methods",
    "tensorflow_tape",
    "tensorflow_variable",
    # JAX
    "flax_features",
    "jax_traced_branch",
    "jax_traced_number",
    "jax_donated",
    "jax_numpy_call",
    "jax_traced_mask",
    "jax_leaked_tracer",
    "jax_gradient",
    "jax_static_argument",
    "jax_mapped_axes",
)
"""Modules of the folder ``rules``: those that know more of the place come first."""


@cache
def rules() -> tuple[Rule, ...]:
    """All rules; they are imported when the first error is explained."""
    return tuple(importlib.import_module(f"{__package__}.rules.{name}") for name in RULES)
