"""A model or a loss that is called with too few values, or too many."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check

SETUP = """
import torch
from torch import nn
x, y = torch.ones(8, 4), torch.zeros(8).long()
class Selfless(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
    def forward(x):
        return x
class Masked(nn.Module):
    def __init__(self, inner=None):
        super().__init__()
        self.inner = inner
    def forward(self, x, mask, scale=1.0):
        return x * mask * scale if self.inner is None else self.inner(x)
class Empty(nn.Module):
    def forward(self):
        return 1
crit, net, fc = nn.CrossEntropyLoss(), Selfless(), nn.Linear(4, 3)
masked, nested = Masked(), Masked(Masked())
class Trainer:
    def __init__(self):
        self.model = masked
trainer = Trainer()
"""
F = "forward-arguments"
CASES = [
    Case(
        SETUP,
        "loss = crit(fc(x))",
        F,
        1,
        "crit takes input and target; target is missing",
        "loss = crit(fc(x), y)",
    ),
    Case(
        SETUP,
        "net(x)",
        F,
        9,
        "forward of Selfless has no self",
        "def forward(self, x):",
        cell=SETUP_CELL,
    ),
    Case(SETUP, "masked(x)", F, 1, "masked takes x, mask and scale; mask is missing", runs=False),
    Case(SETUP, "masked()", F, 1, "x and mask are missing", runs=False),
    Case(SETUP, "masked(mask=x)", F, 1, "x is missing", runs=False),
    Case(SETUP, "trainer.model(x)", F, 1, "trainer.model takes x, mask and", runs=False),
    Case(SETUP, "fc.forward()", F, 1, "fc.forward takes input; input is missing", runs=False),
    Case(SETUP, "fc(x, x)", F, 1, "fc takes input, and is given 2 values", runs=False),
    Case(SETUP, "Empty()(x)", F, 1, "takes nothing, and is given 1 values", runs=False),
    # The line within the model is the one that is wrong.
    Case(SETUP, "nested(x, x)", F, 16, "self.inner takes x, mask", cell=SETUP_CELL, runs=False),
    Case(SETUP, "def g(p, q): pass\ng(1)", None),
    # How many values these give does not stand there.
    Case(SETUP, "masked(*[x])", None),
    Case(SETUP, "masked(x, x, x, **{'more': 1})", None),
    Case(SETUP, "masked(x, *[x, x, x])", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_a_loss_without_a_tensor_that_is_called_like_targets_gets_no_line() -> None:
    setup = SETUP.replace("x, y = torch.ones(8, 4), torch.zeros(8).long()", "x = torch.ones(8, 4)")
    check(Case(setup, "crit(fc(x))", F, 1, "target is missing", runs=False))
