"""Layers that were made for other inputs than they get, and the line to edit."""

from __future__ import annotations

import pytest
import torch

from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain.explained import (
    SETUP_CELL,
    Case,
    check,
    explained,
    name_of_cell,
    raised,
)

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.fc1 = nn.Linear(100, 20)
        self.fc2 = nn.Linear(20, out_features=5)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(F.dropout(x, 0.5))
images = torch.ones(2, 1, 12, 12)
last = torch.ones(2, 8, 8, 3)
rows = torch.ones(3, 4)
square = nn.Linear(4, 4)
head = nn.Sequential(nn.Linear(784, 8))
photos = torch.ones(3, 1, 28, 28)
grey = nn.Conv2d(1, 8, 3)
rgb = nn.Conv2d(3, 8, 3)
"""
SEQUENTIAL = """model = nn.Sequential(
    nn.Linear(4, 8),
    nn.ReLU(),
    nn.Linear(9, 3),
)
model(rows)"""
CASES = [
    Case(SETUP, SEQUENTIAL, "layer-features", 4, "model.2", "nn.Linear(8, 3),", "shape-verified"),
    Case(
        SETUP,
        "Net()(images)",
        "layer-features",
        9,
        "self.fc1 was made for 100 features and gets 96",
        "self.fc1 = nn.Linear(96, 20)",
        "shape-verified",
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "fc = nn.Linear(in_features=5, out_features=2)\nfc(rows)",
        "layer-features",
        1,
        "fc was made for 5",
        "fc = nn.Linear(in_features=4, out_features=2)",
    ),
    Case(SETUP, "nn.Linear(5, 2)(rows)", "layer-features", 1, "a Linear layer"),
    Case(SETUP, "head(photos)", "layer-features", 1, "head.0", "head(photos.flatten(1))"),
    Case(
        SETUP,
        "rnn = nn.LSTM(3, 8)\nrnn(torch.ones(2, 3, 4))",
        "layer-features",
        1,
        "rnn was made for 3",
        "rnn = nn.LSTM(4, 8)",
        "shape-verified",
    ),
    Case(SETUP, "square(torch.ones(4, 3))", "layer-features", 19, "square", None, None, SETUP_CELL),
    Case(SETUP, "rgb(last)", "channels", 1, "last", "rgb(last.movedim(-1, 1))", "verified"),
    Case(SETUP, "grey(torch.ones(5, 9, 9))", "channels", 1, "1 channels"),
    Case(SETUP, "grey(rows)", "channels", 1, "rows", "grey(rows.unsqueeze(0))", runs=False),
    Case(
        SETUP,
        "conv = nn.Conv2d(3, 8, 3)\nconv(images)",
        "channels",
        1,
        "images",
        "conv = nn.Conv2d(1, 8, 3)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(9))\nnet(images)",
        "channels",
        1,
        "net.1 was made for 9",
        "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8))",
    ),
    Case(SETUP, "norm = nn.BatchNorm1d(3)\nnorm(torch.ones(1, 3))", "batch-of-one", 2, "norm"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_where_a_square_fits_two_ways_both_are_named() -> None:
    found = explained(Case(SETUP, "rgb(torch.ones(2, 8, 3, 3))", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "movedim(-1, 1)" in found.finding.fix.text
    assert found.finding.fix.status == "unverified"
    assert [each.fix.text for each in found.alternatives if each.fix] == [
        "Make it for what it gets: nn.Conv2d(8, 8, 3)."
    ]


def test_all_edits_of_a_chain_are_found_through_shapes() -> None:
    text = SEQUENTIAL.replace(
        "\n)", "\n    nn.Tanh(),\n    nn.Linear(5, 2),\n    nn.Linear(7, 1),\n)"
    )
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert [note.split(":")[0] for note in found.notes] == [
        "Then model.4 gets 3 instead of 5",
        "Then model.5 gets 2 instead of 7",
    ]
    assert "line 6 becomes nn.Linear(3, 2)" in found.notes[0]


def test_a_chain_is_carried_on_through_the_lines_of_forward() -> None:
    setup = SETUP.replace("nn.Linear(20, out", "nn.Linear(30, out")
    found = explained(Case(setup, "Net()(images)", None))
    assert found is not None
    assert "Then self.fc2 gets 20 instead of 30" in found.notes[0]


def test_the_chain_is_read_and_not_run() -> None:
    """A forward with an effect, hooks and the random numbers show no trace of an explanation."""
    setup = f"""{SETUP}
calls = []
class Loud(Net):
    def forward(self, x):
        x = F.dropout(self.fc1(x))
        calls.append("called")
        return self.fc2(x)
loud = Loud()
loud.fc2.register_forward_hook(lambda *_: calls.append("hook"))
"""
    error, names = raised(Case(setup, "loud(rows)", None))
    before = torch.get_rng_state()
    assert explain(error, name_of_cell) is not None
    assert names["calls"] == []
    assert torch.get_rng_state().equal(before)
