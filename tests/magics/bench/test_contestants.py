"""A mode made ready, or the reason why it is not."""

from __future__ import annotations

import pytest
import torch

from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.magics.bench.contestants import call_once
from tests.magics.bench.parts import TORCH, Steps

X = {"x": torch.ones(3)}


def test_a_mode_that_runs_is_ready_and_leaves_the_state() -> None:
    steps = Steps("x.add_(1)\nx.sum()", {"x": torch.ones(3)})
    contestant = steps.contestant()
    assert contestant.status == "ok"
    assert contestant.runner is not None
    assert contestant.outcome is not None
    assert contestant.first_seconds > 0
    assert steps.subject.snapshot.changes() == []


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("y = x\nx @ torch.ones(2)", "size", 2),
        ("\n\nraise SystemExit", "SystemExit", 3),
        ("assert False, 'a' * 500", "AssertionError: a", 1),
        ("def f():\n    raise KeyError('inner')\nf()", "KeyError: 'inner'", 3),
        ("raise ValueError('one\\ntwo')", "ValueError: one two", 1),
    ],
)
def test_a_mode_that_fails_says_why_in_one_line_and_where(text: str, reason, line: int) -> None:
    steps = Steps(text, X)
    contestant = steps.contestant("plain", PlainFramework())
    assert (contestant.status, contestant.runner) == ("failed", None)
    assert reason in contestant.reason
    assert "\n" not in contestant.reason
    assert len(contestant.reason) < 250
    assert contestant.line == line


def test_a_mode_that_cannot_run_here_is_skipped() -> None:
    contestant = Steps("x + 1", X).contestant("trace")
    assert contestant.status == "skipped"
    assert contestant.reason


def test_an_interrupt_stops_it_and_state_is_put_back() -> None:
    steps = Steps("x.add_(1)\nraise KeyboardInterrupt", {"x": torch.ones(3)})
    with pytest.raises(KeyboardInterrupt):
        steps.contestant()
    assert steps.subject.snapshot.changes() == []


def test_calling_once_more_gives_the_same_outcome() -> None:
    steps = Steps("x.add_(1)\nx.sum()", {"x": torch.ones(3)})
    contestant = steps.contestant()
    assert contestant.runner is not None
    assert contestant.outcome is not None
    again = call_once(contestant.runner)
    assert [name for name, _ in again.items] == [name for name, _ in contestant.outcome.items]


@pytest.mark.parametrize(
    ("mode", "text", "compiles", "breaks"),
    [
        ("eager", "x + 1", False, 0),
        ("compile", "x + 1", True, 0),
        ("compile", "y = x + 1\nprint()\ny * 2", True, 1),
    ],
)
def test_what_the_first_call_compiled_is_counted(mode, text: str, compiles: bool, breaks) -> None:
    torch._dynamo.reset()
    contestant = Steps(text, X).contestant(mode)
    assert contestant.compiles is compiles
    assert contestant.events.get("graph break", 0) == breaks


def test_the_framework_explains_what_it_can() -> None:
    contestant = Steps("x @ torch.ones(2)", X).contestant("eager", TORCH)
    assert contestant.status == "failed"
    assert contestant.line == 1
