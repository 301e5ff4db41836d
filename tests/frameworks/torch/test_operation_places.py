"""What is told of each operation: where it stands, and what made its inputs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dlmagic.cell.source import register_text
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder


def operations(text: str, **names: Any) -> list[Operation]:
    """The operations of a text, in order."""
    told: list[Event] = []
    filename = register_text(text)
    code = compile(text, filename, "exec")
    with OperationRecorder(filename, told.append):
        exec(code, {"torch": torch, **names})
    return [each for each in told if isinstance(each, Operation)]


def test_each_operation_knows_its_expression() -> None:
    text = "a = b = x.exp()\nc = (a *\n  b.log()).sum()"
    exp, log, mul, total = operations(text, x=torch.ones(2))
    assert (exp.name, exp.span) == ("exp", (1, 1, 8, 15))
    assert (log.name, log.span) == ("log", (3, 3, 2, 9))
    assert (mul.name, mul.span) == ("mul", (2, 3, 5, 9))
    assert (
        total.span is not None
    )  # of a method below its owner, Python tells the line of the method
    assert (total.name, total.span[1], total.span[3]) == ("sum", 3, 16)


def test_what_a_library_computes_stands_at_the_users_call() -> None:
    (linear,) = operations("y = 1\nnet(x)", net=torch.nn.Linear(2, 1), x=torch.ones(3, 2))
    assert linear.frame is not None
    assert (linear.name, linear.frame.line, linear.span) == ("linear", 2, (2, 2, 0, 6))


@pytest.mark.parametrize("call", ["x.chunk(2)[1]", "x.max(0).values", "x.unbind(1)[0]"])
def test_parts_know_what_they_were_taken_from(call: str) -> None:
    first, *_, last = operations(f"x = torch.ones(4, 2).exp()\n({call}).neg()")
    maker = last.inputs[0].maker
    assert (first.name, last.name) == ("ones", "neg")
    assert maker is not None
    assert call[2:].startswith(maker.name)
    assert maker.inputs[0].maker is not None
    assert maker.inputs[0].maker.name == "exp"


@pytest.mark.parametrize("view", ["T", "mT", "data"])
def test_properties_that_give_another_view_are_operations(view: str) -> None:
    *_, last = operations(f"x = torch.ones(3, 2).exp()\nx.shape, x.is_leaf\nx.{view}.neg()")
    maker = last.inputs[0].maker
    assert maker is not None
    assert maker.name == view


def test_no_tensor_is_kept() -> None:
    import weakref

    names: dict[str, Any] = {"gone": []}
    text = "x = torch.ones(3).exp()\ngone.append(weakref.ref(x))\nparts = x.chunk(3)\ndel x, parts"
    told = operations(text, weakref=weakref, **names)
    assert len(told) == 3
    assert [reference() for reference in names["gone"]] == [None]
