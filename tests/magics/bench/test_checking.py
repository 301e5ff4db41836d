"""Do the answers agree, and is a difference an error?"""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from dlmagic.cell.compare import Tolerance
from tests.magics.bench.parts import Steps


def test_a_second_run_agrees_and_leaves_the_state() -> None:
    steps = Steps("items.append(1)\nlen(items)", {"items": []})
    checker = steps.checker()
    assert checker.repeats().agrees is True
    assert steps.subject.snapshot.changes() == []


def test_a_changed_tensor_is_part_of_the_answer() -> None:
    weight = torch.zeros(3)
    steps = Steps("weight.add_(step)\nNone", {"weight": weight, "step": 1.0})
    checker = steps.checker()
    assert any("weight" in name for name, _ in checker.outcome.items)
    steps.subject.snapshot.restore()
    outcome = steps.subject.outcome(steps.subject.run({"step": 2.0}))
    agreement = checker.check(outcome)
    assert agreement.agrees is False
    assert "weight" in agreement.reason
    assert steps.subject.snapshot.changes() == []


def test_an_answer_that_does_not_repeat_is_not_compared() -> None:
    steps = Steps("tick()", {"tick": iter_of_numbers()})
    checker = steps.checker()
    other = steps.subject.outcome(steps.subject.run())
    agreement = checker.check(other)
    assert agreement.agrees is None
    assert "does not repeat" in agreement.reason


def iter_of_numbers():
    """Gives another number each time, from a place that no snapshot reaches."""
    return random.SystemRandom().random


def test_a_wrong_answer_of_a_random_cell_is_not_called_wrong() -> None:
    steps = Steps("torch.rand(3)")
    checker = steps.checker()
    assert checker.random
    steps.subject.snapshot.restore()
    torch.rand(1)
    other = steps.subject.outcome(steps.subject.run())
    agreement = checker.check(other)
    assert agreement.agrees is None
    assert "random" in agreement.reason


@pytest.mark.parametrize(("error", "agrees"), [(0.0, True), (1e-7, True), (1e-2, False)])
def test_the_float64_referee_decides_about_small_differences(error: float, agrees: bool) -> None:
    x = torch.linspace(0, 1, 1000)
    steps = Steps("(x * factor).sum()", {"x": x, "factor": torch.tensor(1.0)})
    checker = steps.checker()
    steps.subject.snapshot.restore()
    other = steps.subject.outcome(steps.subject.run({"factor": torch.tensor(1.0 + error)}))
    assert checker.check(other).agrees is agrees


def test_the_users_tolerance_counts() -> None:
    steps = Steps("x * factor", {"x": torch.ones(3), "factor": 1.0})
    checker = steps.checker()
    checker.tolerance = Tolerance(0.1, 0.0)
    steps.subject.snapshot.restore()
    other = steps.subject.outcome(steps.subject.run({"factor": 1.05}))
    assert checker.check(other).agrees is True


@pytest.mark.parametrize(("factor", "agrees"), [(1.0, True), (1.001, False)])
def test_without_float64_slightly_other_values_are_the_referee(factor: float, agrees: bool) -> None:
    """An array of float32 cannot become float64 in place, and sums in another order differ."""
    x = np.random.default_rng(0).uniform(0, 1, 50_000).astype(np.float32)
    steps = Steps("x.sum() * factor", {"x": x, "factor": np.float32(1.0)})
    checker = steps.checker()
    steps.subject.snapshot.restore()
    other = steps.subject.outcome((x.cumsum()[-1] * np.float32(factor),))
    assert checker.check(other).agrees is agrees
    assert np.array_equal(x, steps.subject.arguments["x"])


def test_a_dict_that_is_bound_anew_is_compared_by_its_new_contents() -> None:
    steps = Steps("table = {k: v + 1 for k, v in table.items()}", {"table": {"a": 1}})
    checker = steps.checker()
    assert checker.repeats().agrees is True
    again = steps.subject.outcome(steps.subject.run())
    assert checker.check(again).agrees is True
    wrong = steps.subject.outcome((None, {"a": 3}))
    assert checker.check(wrong).agrees is False
