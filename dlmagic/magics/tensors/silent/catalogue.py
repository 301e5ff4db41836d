"""Every rule about mistakes that raise nothing."""

from __future__ import annotations

import importlib

from dlmagic.magics.tensors.silent.rule import Rule

RULES = (
    "stretched_target",
    "softmax_before_loss",
    "softmax_of_one",
    "gradients_not_cleared",
    "steps_without_gradients",
    "untrained_parameters",
    "dropout_off",
    "loss_with_graph",
    "first_nan",
    "loss_against_output",
    "metric_against_output",
    "labels_outside_keras",
    "result_thrown_away",
    "key_reused",
    "index_clamped",
    "labels_outside",
    "graph_cut",
    "copied_again",
)
"""Modules of the folder ``rules``."""


def fresh_rules() -> list[Rule]:
    """One of each, which has heard nothing yet."""
    modules = (importlib.import_module(f"{__package__}.rules.{name}") for name in RULES)
    return [module.Rule() for module in modules]
