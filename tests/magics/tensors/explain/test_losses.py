"""Targets whose shape, type or range the loss cannot take."""

from __future__ import annotations

import pytest

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
out, y, short = torch.ones(4, 3), torch.tensor([0, 1, 2, 1]), torch.tensor([0, 1])
words, marks = torch.ones(4, 7, 3), torch.ones(4, 7).long()
column, whole = y[:, None], torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
several = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
square, squares = torch.ones(4, 3, 3), torch.ones(4, 3).long()
from_one = torch.tensor([1, 2, 3, 1])
p, q = torch.full((4, 1), 0.5), torch.ones(4)
images, pixels = torch.ones(2, 5, 8, 8), torch.ones(2, 8, 8).long()
loss_of = nn.CrossEntropyLoss()
model = nn.Linear(3, 3)
"""
C, RIGHT = "class-targets", "compared-classes"
CASES = [
    Case(
        SETUP,
        "nn.BCELoss()(p * 4, q[:, None])",
        "not-probabilities",
        1,
        "p * 4 is 2",
        "nn.BCELoss()((p * 4).sigmoid(), q[:, None])",
        "verified",
    ),
    Case(SETUP, "loss_of(y, out)", C, 1, "scores first", "loss_of(out, y)", "verified"),
    Case(SETUP, "loss = loss_of(y, model(out))", C, 1, "y holds", "loss = loss_of(model(out), y)"),
    Case(SETUP, "(out == y).sum()", RIGHT, 1, "for each of 3", "(out.argmax(1) == y).sum()"),
    Case(SETUP, "y.eq(out).sum()", RIGHT, 1, "y (4,)", "y.eq(out.argmax(1)).sum()"),
    Case(SETUP, "torch.eq(out, y).sum()", RIGHT, 1, "out", "torch.eq(out.argmax(1), y).sum()"),
    Case(SETUP, "x = model(out) != y", RIGHT, 1, "model(out)", "x = model(out).argmax(1) != y"),
    Case(SETUP, "words == marks", RIGHT, 1, "words", "words.argmax(-1) == marks", "verified"),
    Case(SETUP, "images == pixels", RIGHT, 1, "of 5", "images.argmax(1) == pixels", "verified"),
    Case(SETUP, "out == short", "broadcast-shapes", 1, "that of short 2"),
    Case(SETUP, "out - y", "broadcast-shapes", 1, "y", "out - y[..., None]"),
    Case(SETUP, "out == y.float()", "broadcast-shapes", 1, "y.float()"),
    Case(SETUP, "F.cross_entropy(out, short)", C, 1, "short is (2,)"),
    Case(SETUP, "loss_of(out, column)", C, 1, "column", "loss_of(out, column.squeeze(1))"),
    Case(
        SETUP,
        "loss_of(out, column.float())",
        C,
        1,
        "column.float()",
        "loss_of(out, column.float().squeeze(1).long())",
        "verified",
    ),
    Case(SETUP, "loss_of(words, marks)", C, 1, "words", "loss_of(words.movedim(-1, 1), marks)"),
    Case(
        SETUP,
        "loss_of(words.flatten(0, 1), marks)",
        C,
        1,
        "marks",
        "loss_of(words.flatten(0, 1), marks.flatten())",
        "verified",
    ),
    Case(
        SETUP,
        "loss_of(words, marks.flatten())",
        C,
        1,
        "words",
        "loss_of(words.flatten(0, -2), marks.flatten())",
        "verified",
    ),
    Case(SETUP, "loss_of(square, squares[:, :2])", C, 1, "square"),
    Case(
        SETUP,
        "loss_of(out, whole)",
        "target-dtype",
        1,
        "whole is int64",
        "loss_of(out, whole.argmax(1))",
        "verified",
    ),
    Case(
        SETUP,
        "loss_of(out, several)",
        "target-dtype",
        1,
        "several",
        "loss_of(out, several.float())",
        "verified",
    ),
    Case(
        SETUP,
        "loss = loss_of(model(out), y.float())",
        "target-dtype",
        1,
        "y.float() is float32",
        "loss = loss_of(model(out), y.float().long())",
        "verified",
    ),
    Case(SETUP, "F.nll_loss(out, y.int())", "target-dtype", 1, "y.int() is int32"),
    Case(
        SETUP,
        "F.cross_entropy(out, target=y.double())",
        "target-dtype",
        1,
        "float64",
        "F.cross_entropy(out, target=y.double().long())",
    ),
    Case(SETUP, "loss_of(out, y + 0.5)", "target-dtype", 1, "y + 0.5"),
    Case(
        SETUP,
        "F.binary_cross_entropy_with_logits(out, whole)",
        "target-dtype",
        1,
        "whole",
        "F.binary_cross_entropy_with_logits(out, whole.float())",
        "verified",
    ),
    Case(SETUP, "nn.BCELoss()(p[:, 0], y > 0)", "target-dtype", 1, "y > 0"),
    Case(SETUP, "nn.BCELoss()(p, q)", "target-shape", 1, "q", "nn.BCELoss()(p, q.unsqueeze(1))"),
    Case(
        SETUP,
        "F.binary_cross_entropy_with_logits(q, p)",
        "target-shape",
        1,
        "p is (4, 1)",
        "F.binary_cross_entropy_with_logits(q, p.squeeze(1))",
        "verified",
    ),
    Case(SETUP, "F.mse_loss(out, q)", "target-shape", 1, "q is (4,)"),
    Case(
        SETUP,
        "loss_of(out, from_one)",
        "class-range",
        1,
        "numbers from 1 to 3",
        "loss_of(out, from_one - 1)",
        "verified",
    ),
    Case(SETUP, "loss_of(out, y * 4)", "class-range", 1, "from 0 to 8"),
    Case(SETUP, "loss_of(out, y - 1)", "class-range", 1, "from -1 to 1"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


IN_A_LIBRARY = """
code = '''class Wrapped(nn.Module):
    def forward(self, scores, labels):
        return nn.CrossEntropyLoss()(scores.view(-1, 3), labels.view(-1))
'''
library = {"nn": nn, "__name__": "library"}
exec(compile(code, "library.py", "exec"), library)
wrapped, marked = library["Wrapped"](), y.float()
"""


def test_a_target_that_a_library_has_only_viewed_has_the_users_name() -> None:
    found = explained(Case(SETUP + IN_A_LIBRARY, "wrapped(out, labels=marked)", "target-dtype"))
    assert found is not None
    assert "marked is float32" in found.finding.message
    assert found.finding.fix is not None
    assert found.finding.fix.code == "wrapped(out, labels=marked.long())"


def test_labels_that_a_model_of_a_library_hands_to_its_loss() -> None:
    """No expression of the user's stands for them, so none can be shown with 1 less."""
    setup = (
        "import torch\n"
        "class Inner(torch.nn.Module):\n"
        "    def forward(self, output, labels):\n"
        "        return torch.nn.functional.cross_entropy(output, labels + 0)\n"
        "class Whole(torch.nn.Module):\n"
        "    def forward(self, output, labels):\n"
        "        return Inner()(output, labels)\n"
        "whole, out = Whole(), torch.ones(2, 3)\n"
    )
    error, _ = raised(Case(setup, "whole(out, torch.tensor([1, 3]))", None))
    names = {SETUP_CELL: None}
    found = explain(error, lambda file: names.get(str(name_of_cell(file)), name_of_cell(file)))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.text == "Count the classes from 0: take 1 from each label."


PICKING = """
import torch
import torch.nn as nn
import torch.nn.functional as F
scores, y = torch.ones(4, 3, requires_grad=True), torch.tensor([0, 1, 2, 1])
hot = torch.eye(3)[[0, 1, 2, 0]]
_, picked = torch.max(scores, 1)
"""


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("F.cross_entropy(scores.argmax(1).float(), y)", 1, "F.cross_entropy(scores, y)"),
        ("F.cross_entropy(scores.argmax(1), y)", 1, "F.cross_entropy(scores, y)"),
        ("nn.CrossEntropyLoss()(picked.float(), y)", 1, "nn.CrossEntropyLoss()(scores, y)"),
        (
            "p = torch.argmax(scores, 1, keepdim=True).float()\nF.cross_entropy(p, y)",
            2,
            "F.cross_entropy(scores, y)",
        ),
    ],
)
def test_classes_that_were_picked_are_no_scores(text: str, line: int, fix: str) -> None:
    said = "holds the classes that were picked from scores"
    check(Case(PICKING, text, "picked-classes", line, said, fix, "verified"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("F.cross_entropy(hot.argmax(1), scores)", "class-targets"),
        ("F.cross_entropy(scores, y + 1)", "class-range"),
        ("F.cross_entropy(scores, hot.long())", "target-dtype"),
        ("F.cross_entropy(torch.max(scores[None], scores[None])[0], y + 1)", "class-range"),
    ],
)
def test_scores_are_no_picked_classes(text: str, kind: str) -> None:
    check(Case(PICKING, text, kind, runs=False))


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("F.one_hot(y, 2)", "y holds numbers from 0 to 2", "F.one_hot(y, 3)"),
        ("F.one_hot(y, num_classes=2)", "0 to 1;", "F.one_hot(y, num_classes=3)"),
        ("F.one_hot(y + 1, 3)", "from 1 to 3", "F.one_hot((y + 1) - 1, 3)"),
        ("F.one_hot(y.float(), 3)", "is float32", "F.one_hot(y.float().long(), 3)"),
    ],
)
def test_labels_that_one_hot_has_no_place_for(text: str, message: str, fix: str) -> None:
    check(Case(PICKING, text, "one-hot-classes", 1, message, fix, "verified"))


def test_labels_that_are_no_classes_are_not_rounded() -> None:
    check(Case(PICKING, "F.one_hot(y - 1, 3)", "one-hot-classes", 1, "y - 1 holds -1"))
    check(Case(PICKING, "F.one_hot(y + 0.5, 4)", None))
    check(Case(PICKING, "def one_hot(x):\n    F.one_hot(-x)\none_hot(y)", "one-hot-classes", 2))
