"""An alternative whose calls after the first find other work is told; a step of training is not."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.finding import Finding

pytestmark = pytest.mark.alone

SHUFFLED = random.Random(0).sample(range(5000), 5000)
MEMORY = "if 3 not in known:\n    known[3] = sum(range(20_000))\nknown[3]"


def found(cell: str, **names: object) -> list[Finding]:
    namespace: dict[str, object] = {"__name__": "__main__", "np": np, "torch": torch, **names}
    result = dlmagic.bench(cell, namespace=namespace, modes=("plain",), time=1.0)
    return [finding for finding in result.findings if finding.kind == "changed-start"]


@pytest.mark.parametrize(
    ("work", "name", "value"),
    [
        ("values.sort()\nvalues", "values", SHUFFLED),
        ("values.sort(kind='stable')\nvalues", "values", np.array(SHUFFLED * 4)),
        ("lists[0].sort()", "lists", [SHUFFLED, [1]]),
        ("while values:\n    values.pop()", "values", SHUFFLED),
        (MEMORY, "known", {}),
    ],
)
def test_it_is_told_with_the_variable_and_what_to_do(work: str, name: str, value: object) -> None:
    (finding,) = found(f"# --- first\n{work}\n# --- second\nlen({name})", **{name: value})
    assert finding.level == "warning"
    assert finding.message.startswith(f"first changes {name} in its first call, and the calls that")
    assert f"where {name} is as before, one takes " in finding.message
    assert finding.operands == (name,)
    assert finding.fix is not None
    assert finding.fix.text == (
        f"Copy {name} in the cell before it is changed, in all alternatives alike."
    )


def test_a_set_up_starts_it_and_a_cell_without_alternatives_is_told_too() -> None:
    text = "values = list(base)\n# --- sort\nvalues.sort()\n# --- sorted\nsorted(values)"
    assert [finding.operands for finding in found(text, base=SHUFFLED)] == [("values",)]
    values = list(SHUFFLED)
    (finding,) = found("values.sort()", values=values)
    assert finding.message.startswith("The cell changes values in its first call")
    assert values == SHUFFLED  # and it is put back


TRAINING = "optimizer.zero_grad()\nnet(x).pow(2).mean().backward()\noptimizer.step()"


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("work", [TRAINING, "net(x).pow(2).mean().backward()", "net(x)"])
def test_steps_of_training_are_not_told(kind: type, work: str) -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.LazyLinear(1))
    net(torch.randn(8, 4))
    optimizer = kind(net.parameters(), lr=0.1)
    assert found(work, net=net, optimizer=optimizer, x=torch.randn(8, 4)) == []


class Remembering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, torch.Tensor] = {}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if 0 not in self.known:
            self.known[0] = torch.linspace(0, 1, 300_000).sin().sum()
        return x + self.known[0]


@pytest.mark.parametrize(
    "work",
    [
        "np.add(a, 1, out=room)",
        "room[:] = a * 2",
        "for k in range(500):\n    table[k] = k",
        "numbers = list(values)\nnumbers.sort()",
        "np.sort(a)",
        "counts['all'] = counts.get('all', 0) + 1",
        "net(x)",
    ],
)
def test_what_has_as_much_to_do_in_each_call_is_not_told(work: str) -> None:
    a = np.random.default_rng(0).random(200_000)
    names = {"a": a, "room": np.zeros_like(a), "table": {}, "values": SHUFFLED, "counts": {}}
    assert found(work, net=Remembering(), x=torch.zeros(3), **names) == []


def test_several_variables_are_told_of_together() -> None:
    work = "while values:\n    seen.add(values.pop())\nlen(seen)"
    (finding,) = found(work, values=list(SHUFFLED), seen=set())
    assert finding.operands == ("values", "seen")
    assert "where values and seen are as before, one takes " in finding.message
    assert finding.fix is not None
    assert finding.fix.text == "Copy values and seen in the cell before they are changed."
