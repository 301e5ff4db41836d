"""An explanation is quick, keeps nothing alive, and whatever was raised, it raises nothing."""

from __future__ import annotations

import gc
import time
import weakref
from statistics import median
from typing import Any

import pytest
import torch

from dlmagic.magics.tensors.explain import engine
from dlmagic.magics.tensors.explain.catalogue import rules
from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain import (
    test_gradients,
    test_layers,
    test_losses,
    test_objects,
    test_shapes,
    test_types_and_devices,
)
from tests.magics.tensors.explain.explained import Case, name_of_cell, raised

MODULES: list[Any] = [
    test_gradients,
    test_layers,
    test_losses,
    test_objects,
    test_shapes,
    test_types_and_devices,
]
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
MOST_SECONDS = 0.3


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.text)
def test_every_rule_bears_every_failure(case: Case) -> None:
    """A rule that is led to the wrong place says nothing, and raises nothing of its own."""
    error, _ = raised(case)
    failure = engine.as_if_eager(engine.failure_of(error, name_of_cell))
    found = explain(error, name_of_cell)
    said = found.finding.kind if found is not None and found.finding is not None else None
    for rule in rules():
        if any(failure.search(pattern) for pattern in rule.PATTERNS):
            match = next(m for pattern in rule.PATTERNS if (m := failure.search(pattern)))
            other = rule.explain(failure, match)
            assert other is None or said is not None


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_without_a_traceback_there_is_nothing_to_say(error: BaseException) -> None:
    assert explain(error, name_of_cell) is None


def test_errors_in_a_circle_have_an_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert explain(first, name_of_cell) is None


@pytest.mark.alone
def test_an_explanation_takes_no_longer_than_a_blink() -> None:
    seconds = []
    for case in CASES:
        error, _ = raised(case)
        explain(error, name_of_cell)
        start = time.perf_counter()
        explain(error, name_of_cell)
        seconds.append(time.perf_counter() - start)
    assert median(seconds) < MOST_SECONDS / 10
    assert sorted(seconds)[-3] < MOST_SECONDS  # the slowest may have waited for other programs


IMAGES = """
import torch
from torch import nn
net = nn.Sequential(
    nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(),
    nn.MaxPool2d(2), nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(),
    nn.Linear(100, 4),
)
images = torch.zeros(64, 1, 224, 224)
"""


@pytest.mark.alone
def test_a_network_for_images_is_carried_on_in_time() -> None:
    error, _ = raised(Case(IMAGES, "net(images)", None))
    explain(error, name_of_cell)
    start = time.perf_counter()
    found = explain(error, name_of_cell)
    assert time.perf_counter() - start < MOST_SECONDS
    assert found is not None
    assert "net.9 gets 100352 features instead of 100" in found.findings[-1].message


@pytest.mark.alone
def test_large_operands_are_not_copied() -> None:
    setup = "import torch\no = torch.zeros(())\na, b = o.expand(30000, 40000), o.expand(5, 40000)"
    error, _ = raised(Case(setup, "(a * 1 if False else a) @ b", None))
    start = time.perf_counter()
    explain(error, name_of_cell)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case.text)
def test_nothing_is_kept_alive(case: Case) -> None:
    error, names = raised(case)
    kept = [weakref.ref(v) for v in names.values() if isinstance(v, torch.Tensor | torch.nn.Module)]
    found = explain(error, name_of_cell)
    del error
    names.clear()
    gc.collect()
    assert [each() for each in kept if each() is not None] == []
    del found


def test_most_mistakes_come_with_a_line_that_works() -> None:
    """Of the cases of which something is said; each line is written down and run by its test."""
    said = [case for case in CASES if case.kind is not None]
    working = 0
    for case in said:
        found = explain(raised(case)[0], name_of_cell)
        assert found is not None
        assert found.finding is not None
        fix = found.finding.fix
        working += case.runs and fix is not None and fix.code is not None
    assert len(said) >= 60
    assert working / len(said) >= 0.75
