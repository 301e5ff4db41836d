"""What is no tensor, no function, no model or not the saved one."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check, explained

SETUP = """
import numpy as np
import torch
import torch.nn as nn
rows, column = torch.ones(3, 4), torch.ones(3, 1)
fc, table, rnn = nn.Linear(4, 2), np.ones((3, 4)), nn.LSTM(4, 4)
both = rnn(rows[None])
saved = {"module." + key: value for key, value in fc.state_dict().items()}
class Bare(nn.Module):
    def __init__(self, size):
        self.layer = nn.Linear(size, 1)
class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1, 1)]
listed = Listed()
weights = fc.parameters()
list(weights)
class Nothing(nn.Module):
    def forward(self, x):
        x * 2
nothing = Nothing()
class Misspelt(nn.Module):
    def foward(self, x):
        return x
class Silent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)
    def forward(self, x):
        y = self.layer(x)
"""
OUTPUT = """
from collections import OrderedDict
class Output(OrderedDict):
    logits = property(lambda self: self["logits"])
out, labels = Output(loss=None, logits=fc(rows)), torch.tensor([0, 1, 0])
"""
WRONG, NO, S, W = "wrong-object", "not-callable", "state-dict", "optimizer-weights"
CASES = [
    Case(
        SETUP,
        "net = nn.Sequential(fc, nn.ReLU)",
        "class-as-layer",
        1,
        "nn.ReLU is a class",
        "net = nn.Sequential(fc, nn.ReLU())",
    ),
    Case(
        SETUP,
        "net = nn.ModuleList([fc, nn.Tanh])",
        "class-as-layer",
        1,
        "nn.Tanh is a class",
        "net = nn.ModuleList([fc, nn.Tanh()])",
    ),
    Case(SETUP, "nn.Sequential(fc, nn.Linear)", "class-as-layer", 1, "nn.Linear", runs=False),
    Case(
        SETUP + OUTPUT,
        "loss = nn.functional.cross_entropy(out, labels)",
        WRONG,
        1,
        "out is an Output",
        "loss = nn.functional.cross_entropy(out.logits, labels)",
    ),
    Case(
        SETUP + OUTPUT,
        "loss = nn.CrossEntropyLoss()(out, labels)",
        WRONG,
        1,
        "out is an Output",
        "loss = nn.CrossEntropyLoss()(out.logits, labels)",
    ),
    Case(SETUP, "fc(table)", WRONG, 1, "table", "fc(torch.from_numpy(table).float())", "verified"),
    Case(SETUP, "fc([1.0, 2.0, 3.0, 4.0])", WRONG, 1, "a list"),
    Case(SETUP, "fc(list(rows))", WRONG, 1, "list(rows)", "fc(torch.stack(list(rows)))"),
    Case(SETUP, "fc(both)", WRONG, 1, "both is a tuple", "fc(both[0])"),
    Case(
        SETUP,
        "fc(nothing(rows))",
        WRONG,
        21,
        "None, since what gave it returns nothing",
        "return x * 2",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, "torch.relu(table)", WRONG, 1, "table"),
    Case(SETUP, "both.shape", "output-object", 1, "both is a tuple", "both[0].shape"),
    Case(
        SETUP,
        "out = nothing(rows)\nout.sum()",
        "output-object",
        21,
        "out is None",
        "return x * 2",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "Silent()(rows).argmax(1)",
        "output-object",
        31,
        "Silent()(rows) is None",
        "y = self.layer(x)\nreturn y",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, 'd = {"out": rows}\nd.argmax(1)', "output-object", 2, "d", 'd["out"].argmax(1)'),
    Case(SETUP, "rows.shape(0)", NO, 1, "rows.shape", "rows.shape[0]"),
    Case(SETUP, "rows.T()", NO, 1, "rows.T", "rows.T"),
    Case(SETUP, "rows.size[0]", NO, 1, "size is a method", "rows.size(0)"),
    Case(
        SETUP,
        "loss = nn.MSELoss()\nfor k in range(2):\n    loss = loss(rows, rows)",
        NO,
        3,
        "loss is a value (Tensor) since line 3",
        "loss_value = loss(rows, rows)",
    ),
    Case(SETUP, "sum = rows.sum()\nsum([1, 2])", NO, 1, "sum", "sum_value = rows.sum()"),
    Case(
        SETUP,
        "class Short(nn.Module):\n    def __init__(self): self.l = nn.Linear(2, 1)\nShort()",
        "module-init",
        2,
        "Short",
        "def __init__(self): super().__init__(); self.l = nn.Linear(2, 1)",
    ),
    Case(
        SETUP,
        "Bare(3)",
        "module-init",
        11,
        "Bare",
        "super().__init__()\nself.layer = nn.Linear(size, 1)",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "torch.optim.SGD(listed.parameters(), lr=0.1)",
        W,
        15,
        "the plain list layers",
        "self.layers = nn.ModuleList([nn.Linear(1, 1)])",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "torch.optim.Adam(fc)",
        W,
        1,
        "fc is a whole model",
        "torch.optim.Adam(fc.parameters())",
    ),
    Case(SETUP, "torch.optim.SGD(rows, lr=0.1)", W, 1, "rows", "torch.optim.SGD([rows], lr=0.1)"),
    Case(
        SETUP,
        "chain = nn.Sequential(fc)\ntorch.optim.Adam(chain)",
        W,
        2,
        "chain is a whole model",
        "torch.optim.Adam(chain.parameters())",
    ),
    Case(
        SETUP,
        "torch.optim.Adam(fc.parameters, lr=0.1)",
        W,
        1,
        "fc.parameters is the method",
        "torch.optim.Adam(fc.parameters(), lr=0.1)",
    ),
    Case(
        SETUP,
        "torch.optim.SGD(weights, lr=0.1)",
        W,
        17,
        "weights is used up",
        "weights = list(fc.parameters())",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "fc.load_state_dict(saved)",
        S,
        1,
        "saved",
        'fc.load_state_dict({k.removeprefix("module."): v for k, v in saved.items()})',
        "shape-verified",
    ),
    Case(
        SETUP,
        'fc.load_state_dict({"weight": rows[:2]})',
        S,
        1,
        "lacks bias",
        "fc.load_state_dict({'weight': rows[:2]}, strict=False)",
    ),
    Case(
        SETUP,
        "fc.load_state_dict(nn.Linear(4, 3).state_dict())",
        S,
        1,
        "weight is (3, 4) instead of (2, 4)",
    ),
    Case(
        SETUP,
        "Misspelt()(rows)",
        "forward-missing",
        24,
        "Misspelt has no method forward: it has foward",
        "def forward(self, x):",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "nn.Sequential([fc, nn.ReLU()])",
        "list-of-layers",
        1,
        "nn.Sequential",
        "nn.Sequential(*[fc, nn.ReLU()])",
    ),
    Case(SETUP, "five = 5\nfive()", NO, 2, "five is a value (int) since line 1"),
    Case(SETUP, "nn.MSELoss(rows, rows)", "not-made", 1, "rows", "nn.MSELoss()(rows, rows)"),
    Case(SETUP, "torch.empty(10**15)", "out-of-memory", 1, "3.55 PiB"),
    Case(SETUP, "None.nothing", None),
    Case(SETUP, "table.foo", None),
    Case(SETUP, "len(5)", None),
    Case(SETUP, "unknown + 1", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


CHECKPOINT = """
import torch
import torch.nn as nn
model = nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
weights = model.state_dict()
checkpoint = {"epoch": 3, "model": weights, "optimizer": optimizer.state_dict()}
parallel = {"state_dict": nn.DataParallel(model).state_dict(), "epoch": 3}
"""
UNPREFIXED = (
    'model.load_state_dict({k.removeprefix("module."): v '
    'for k, v in parallel["state_dict"].items()})'
)


@pytest.mark.parametrize(
    ("text", "message", "fix", "status"),
    [
        (
            "model.load_state_dict(checkpoint)",
            'has them under "model"',
            'model.load_state_dict(checkpoint["model"])',
            "shape-verified",
        ),
        (
            "model.load_state_dict(parallel)",
            'has them under "state_dict"',
            UNPREFIXED,
            "shape-verified",
        ),
        (
            "model.load_state_dict(model)",
            "model is a Linear",
            "model.load_state_dict(model.state_dict())",
            "unverified",
        ),
    ],
)
def test_a_checkpoint_holds_the_weights(text: str, message: str, fix: str, status: str) -> None:
    check(Case(CHECKPOINT, text, S, 1, message, fix, status))


def test_a_file_is_read_before_its_weights_are_loaded() -> None:
    fix = "model.load_state_dict(torch.load('a.pt'))"
    check(Case(CHECKPOINT, "model.load_state_dict('a.pt')", S, 1, "is a str", fix, runs=False))


@pytest.mark.parametrize(
    "saved",
    [
        "optimizer.state_dict()",
        '{"model": {"other": weights["bias"]}, "epoch": 3}',
        '{"bias": weights["bias"], "model": weights}',
        '{"model": nn.Linear(4, 2).state_dict()}',
    ],
)
def test_what_does_not_hold_the_weights_is_no_checkpoint(saved: str) -> None:
    case = Case(CHECKPOINT, f"model.load_state_dict({saved})", S, 1, "does not fit", runs=False)
    check(case)


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            "optimizer.load_state_dict(checkpoint)",
            'which holds such a state under "optimizer"',
            'optimizer.load_state_dict(checkpoint["optimizer"])',
        ),
        ("optimizer.load_state_dict(weights)", 'something else: it has "weight", "bias"', None),
    ],
)
def test_a_checkpoint_holds_the_state_of_an_optimizer(
    text: str, message: str, fix: str | None
) -> None:
    check(Case(CHECKPOINT, text, S, 1, message, fix, "shape-verified" if fix else None))


@pytest.mark.parametrize("text", ["checkpoint['param_groups']", "optimizer.load_state_dict({})"])
def test_another_key_that_is_missing_is_no_state_of_an_optimizer(text: str) -> None:
    found = explained(Case(CHECKPOINT, text, None))
    assert found is None or found.finding is None or found.finding.kind != S
