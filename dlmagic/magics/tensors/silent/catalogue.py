"""Every rule about mistakes that raise nothing."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from dlmagic.magics.tensors.silent.rule import Rule

RULES = (
    "stretched_target",
    "softmax_before_loss",
    "logits_without_softmax",
    "softmax_of_one",
    "gradients_not_cleared",
    "steps_without_gradients",
    "optimizer_of_old_model",
    "untrained_parameters",
    "layers_in_list",
    "step_missing",
    "scheduler_before_step",
    "nothing_learned",
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
    "mixed_axes",
    "evaluation_keeps_graph",
    "frozen_statistics",
    "fractions_lost",
    "integer_overflow",
    "linear_after_linear",
    "unscaled_images",
    "wrong_sequence_axis",
    "classes_beyond_output",
)
"""Modules of the folder ``rules``."""


def fresh_rules() -> list[Rule]:
    """One of each, which has heard nothing yet."""
    return [kind() for kind in _kinds()]


def rules_without_events(text: str) -> list[Rule]:
    """Those that are certain of a cell that ran unwatched, where its text bears a sign of one."""
    return [
        kind()
        for kind in _kinds()
        if kind.sure == "certain" and kind.sign is not None and kind.sign.search(text)
    ]


@cache
def _kinds() -> tuple[Any, ...]:
    """The classes."""
    modules = (importlib.import_module(f"{__package__}.rules.{name}") for name in RULES)
    return tuple(module.Rule for module in modules)
