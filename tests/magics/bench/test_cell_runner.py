"""A prepared cell, called so often from a starting state."""

from __future__ import annotations

import sys

import pytest
import torch

from dlmagic.frameworks.protocol import Prepared
from dlmagic.magics.bench.cell_runner import CellRunner
from tests.magics.bench.parts import OUTPUT, TORCH, Steps


def runner_of(text: str, *, replacements: dict[str, object] | None = None, **names: object):
    subject = Steps(text, names).subject
    prepared = Prepared(subject.cell.function, replacements or {})
    return CellRunner("eager", subject, "eager", TORCH, prepared, OUTPUT)


@pytest.mark.parametrize("calls", [1, 3, 10])
def test_it_is_called_exactly_so_often(calls: int) -> None:
    counter = [0]
    runner_of("counter[0] += 1", counter=counter).run(calls)
    assert counter == [calls]


def test_the_last_result_lives_until_the_state_is_restored() -> None:
    items: list[int] = []
    runner = runner_of("items.append(1)\nlen(items)", items=items)
    runner.run(2)
    assert runner.last == (2,)
    runner.restore()
    assert runner.last is None
    assert items == []


def test_a_mode_may_replace_parameters() -> None:
    runner = runner_of("x * 2", x=1, replacements={"x": 5})
    runner.run(1)
    assert runner.last == (10,)


def test_what_it_prints_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    runner_of("print('noise')").run(3)
    assert capsys.readouterr().out == ""
    assert sys.stdout is before


def test_events_and_waiting_are_the_frameworks() -> None:
    runner = runner_of("x + 1", x=torch.ones(1))
    runner.synchronise()
    assert dict(runner.events()) == dict(TORCH.events())
