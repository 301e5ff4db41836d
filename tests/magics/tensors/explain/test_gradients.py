"""Mistakes with what is recorded for gradients."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import CELL, SETUP_CELL, Case, check, explained

SETUP = """
import numpy as np
import torch
import torch.nn as nn
x = torch.ones(3, requires_grad=True)
w = torch.ones(3, requires_grad=True)
rows = torch.ones(2, 3)
model = nn.Linear(3, 1)
def doubled(v):
    made = v.exp()
    made.mul_(2)
    return made.sum()
"""
N = "no-gradient"
ADVERSARIES = (
    SETUP
    + """
maker, judge = nn.Linear(3, 3), nn.Linear(3, 1)
judges = torch.optim.SGD(judge.parameters(), 0.1)
"""
)
IN_TURNS = """for _ in range(2):
    fake = maker(rows)
    one = ({first} - judge(rows)).mean()
    one.backward()
    judges.step()
    two = -{second}.mean()
    two.backward()"""
IN_STEPS = """for _ in range(2):
    fake = maker(rows)
    output = judge(fake)
    one = output.mean()
    one.backward()
    judges.step()
    output = judge(fake)
    two = -output.mean()
    two.backward()"""
CARRIED = """rnn, h = nn.{kind}(3, 3), {start}
for step in range(2):
    out, h = rnn(rows[None], h)
    out.sum().backward()"""
TOTAL = """total = 0.0
for row in rows:
    loss = model(row).exp().sum()
    {adding}
    total.backward()"""
KEPT = """kept = (w ** 2).sum()
for row in rows:
    {body}"""
SUM_OF_ROUNDS = """total = 0.0
for _ in range(2):
    for row in rows:
        loss = model(row).exp()
        total += loss
    total.backward()"""
HANDED_ON = """h = w * 1
for _ in range(2):
    out = (h * w).exp()
    out.sum().backward()
    h = out"""
CASES = [
    Case(SETUP, "w.sum().backward()\n0.1 * w.grad * None", None),
    Case(SETUP, "y = x * 2\ny.backward()", "backward-not-scalar", 2, "y", "y.mean().backward()"),
    Case(
        SETUP, "(x * 2).backward()", "backward-not-scalar", 1, "x * 2", "(x * 2).mean().backward()"
    ),
    Case(SETUP, "model(rows).backward()", "backward-not-scalar", 1, "model(rows)"),
    Case(
        SETUP,
        "out = model(rows).detach()\nloss = out.sum()\nloss.backward()",
        N,
        1,
        ".detach() in line 1",
        "out = model(rows)",
    ),
    Case(
        SETUP,
        "loss = torch.tensor(model(rows).sum().item())\nloss.backward()",
        N,
        1,
        "torch.tensor",
        "loss = model(rows).sum()",
    ),
    Case(SETUP, "loss = model(rows).data.sum()\nloss.backward()", N, 1, ".data"),
    Case(
        SETUP,
        "with torch.no_grad():\n    out = model(rows)\nloss = out.sum()\nloss.backward()",
        N,
        1,
        "torch.no_grad()",
        "with torch.enable_grad():",
    ),
    Case(
        SETUP,
        "@torch.no_grad()\ndef score():\n    return model(rows).sum()\nloss = score()\n"
        "loss.backward()",
        N,
        1,
        "@torch.no_grad() above score() in line 1 cuts loss off from the weights",
        "@torch.enable_grad()",
    ),
    Case(
        SETUP,
        "class Net(torch.nn.Linear):\n    @torch.inference_mode()\n    def forward(self, rows):\n"
        "        return super().forward(rows)\nnet = Net(3, 2)\nnet(rows).sum().backward()",
        N,
        2,
        "@torch.inference_mode() above forward() in line 2",
        "@torch.enable_grad()",
    ),
    Case(
        SETUP,
        "@torch.no_grad()\ndef train():\n    loss = model(rows).sum()\n    loss.backward()\n"
        "train()",
        N,
        1,
        "@torch.no_grad() above train() in line 1",
        "@torch.enable_grad()",
    ),
    Case(
        SETUP,
        "score = torch.no_grad()(model.forward)\nloss = score(rows).sum()\nloss.backward()",
        N,
        1,
        "torch.no_grad() in line 1 cuts loss off",
        "score = model.forward",
    ),
    Case(
        SETUP,
        "@torch.enable_grad()\ndef score():\n    return model(rows).sum().detach()\n"
        "loss = score()\nloss.backward()",
        N,
        5,
        "depends on nothing whose gradient is recorded",
    ),
    Case(
        SETUP,
        "class Net(torch.nn.Linear):\n    def forward(self, rows):\n"
        "        return super().forward(rows).detach()\nnet = Net(3, 2)\n"
        "net(rows).sum().backward()",
        N,
        5,
        "net has weights that are trained, but net(rows).sum() is cut off from them",
    ),
    Case(
        SETUP,
        "there = rows.to(next(model.parameters()).device)\nthere.sum().backward()",
        N,
        2,
        "depends on nothing",
    ),
    Case(
        SETUP,
        "model.requires_grad_(False)\nloss = model(rows).sum()\nloss.backward()",
        N,
        3,
        "No weight of model",
    ),
    Case(SETUP, "rows.sum().backward()", N, 1, "depends on nothing"),
    Case(
        SETUP,
        "loss = (x * x).sum()\nloss.backward()\nloss.backward()",
        "second-backward",
        2,
        "loss",
        "loss.backward(retain_graph=True)",
    ),
    Case(
        SETUP,
        CARRIED.format(kind="RNN", start="torch.zeros(1, 2, 3)"),
        "second-backward",
        3,
        "h still hangs on the graph",
        "out, h = rnn(rows[None], h.detach())",
    ),
    Case(
        SETUP,
        CARRIED.format(kind="LSTM", start="(torch.zeros(1, 2, 3),) * 2"),
        "second-backward",
        3,
        "h still hangs on the graph",
        "out, h = rnn(rows[None], tuple(each.detach() for each in h))",
    ),
    Case(
        SETUP,
        CARRIED.format(kind="LSTM", start="None"),
        "second-backward",
        3,
        "h still hangs on the graph",
        "out, h = rnn(rows[None], None if h is None else tuple(each.detach() for each in h))",
    ),
    Case(
        ADVERSARIES,
        IN_TURNS.format(first="judge(fake)", second="judge(fake)"),
        "second-backward",
        3,
        "one.backward() in line 4 has gone back through fake, and freed the values that two needs",
        "one = (judge(fake.detach()) - judge(rows)).mean()",
    ),
    Case(
        ADVERSARIES,
        IN_TURNS.format(first="judge(fake[:1]) + fake.sum()", second="judge(fake)"),
        "second-backward",
        3,
        "through fake",
        "one = (judge(fake.detach()[:1]) + fake.detach().sum() - judge(rows)).mean()",
    ),
    Case(
        ADVERSARIES,
        IN_STEPS,
        "second-backward",
        3,
        "through fake",
        "output = judge(fake.detach())",
    ),
    Case(
        SETUP + "loss = (x * x).sum()\nloss.backward()\n",
        "loss.backward()",
        "second-backward",
        1,
        "Cell In[0], line 13",
    ),
    Case(
        SETUP,
        TOTAL.format(adding="total += loss"),
        "second-backward",
        5,
        "total still holds what the rounds before added to it in line 4",
        "loss.backward()",
    ),
    Case(
        SETUP,
        TOTAL.format(adding="total = total + loss"),
        "second-backward",
        5,
        "total still holds",
        "loss.backward()",
    ),
    Case(
        SETUP,
        SUM_OF_ROUNDS,
        "second-backward",
        6,
        "total still holds what the rounds before added to it in line 5",
    ),
    Case(
        SETUP,
        KEPT.format(body="loss = model(row).sum() + kept\n    loss.backward()"),
        "second-backward",
        4,
        "loss depends on kept, which was computed before, in Cell In[1], line 1:",
    ),
    Case(
        SETUP,
        KEPT.format(body="part = kept * 2\n    loss = part + row.sum()\n    loss.backward()"),
        "second-backward",
        5,
        "loss depends on kept, which was computed before, in Cell In[1], line 1:",
    ),
    Case(
        SETUP,
        KEPT.format(body="(model(row).sum() + kept).backward()"),
        "second-backward",
        3,
        "depends on kept",
    ),
    Case(
        SETUP,
        HANDED_ON,
        "second-backward",
        4,
        "depends on h",
    ),
    Case(
        SETUP,
        "kept = [w.exp()]\nfor row in rows:\n    loss = kept[0].sum()\n    loss.backward()",
        "second-backward",
        4,
        "loss, or something that it depends on, was computed before",
    ),
    Case(
        SETUP,
        "loss = w.exp().sum()\nfor row in rows:\n    loss.backward()",
        "second-backward",
        3,
        "loss was computed only once, in Cell In[1], line 1",
    ),
    Case(
        SETUP,
        "both = w.exp()\none, two = both.sum(), both.mean()\none.backward()\ntwo.backward()",
        "second-backward",
        3,
        "one.backward() in line 3 has freed values that two needs, too",
        "one.backward(retain_graph=True)",
    ),
    Case(SETUP, "w -= 0.1 * w", "leaf-in-place", 1, "w", "with torch.no_grad(): w -= 0.1 * w"),
    Case(SETUP, "w[0] = 1", "leaf-in-place", 1, "w", "with torch.no_grad(): w[0] = 1"),
    Case(SETUP, "model.weight.add_(1)", "leaf-in-place", 1, "model.weight"),
    Case(
        SETUP,
        "with torch.no_grad():\n    part = x[:2]\npart += 1",
        "view-in-place",
        3,
        "part",
        "part = part + 1",
    ),
    Case(
        SETUP,
        "y = x.exp()\ny += 1\ny.sum().backward()",
        "needed-in-place",
        2,
        "exp needs y",
        "y = y + 1",
    ),
    Case(
        SETUP,
        "y = x.exp()\ny[0] = 1\ny.sum().backward()",
        "needed-in-place",
        2,
        "exp needs y",
        "y = y.clone()\ny[0] = 1",
    ),
    Case(
        SETUP,
        "doubled(x).backward()",
        "needed-in-place",
        11,
        "exp needs made",
        "made = made.mul(2)",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, "x.numpy()", "numpy-of-tensor", 1, "x", "x.detach().numpy()", "verified"),
    Case(SETUP, "np.sqrt((x * 2).numpy())", "numpy-of-tensor", 1, "x * 2"),
    Case(
        SETUP,
        "z = x.detach().bfloat16().numpy()",
        "numpy-of-tensor",
        1,
        "it is bfloat16, a type that NumPy lacks.",
        "z = x.detach().bfloat16().float().numpy()",
        "verified",
    ),
    Case(
        SETUP,
        "h = (x * 2).bfloat16()\nz = h.numpy()",
        "numpy-of-tensor",
        2,
        "it requires a gradient and is bfloat16",
        "z = h.detach().float().numpy()",
        "verified",
    ),
    Case(
        SETUP,
        "s = torch.eye(3).to_sparse()\nz = s.numpy()",
        "numpy-of-tensor",
        2,
        "it is sparse.",
        "z = s.to_dense().numpy()",
        "verified",
    ),
    Case(SETUP, "np.array(x)", "numpy-of-tensor", 1, "x", "np.array(x.detach())"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_the_mean_and_the_sum_fit_equally_so_both_are_named() -> None:
    found = explained(Case(SETUP, "(x * 2).backward()", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    others = [other.fix.code for other in found.alternatives if other.fix]
    assert others == ["(x * 2).sum().backward()"]
    assert found.finding.fix.status == "unverified"


@pytest.mark.parametrize("case", [case for case in CASES if case.kind == N], ids=lambda c: c.text)
def test_nobody_is_told_to_let_a_loss_require_gradients(case: Case) -> None:
    found = explained(case)
    assert found is not None
    assert found.finding is not None
    assert "requires_grad=True" not in str(found.finding.fix)
    assert "requires_grad_()" not in str(found.finding.fix)


@pytest.mark.parametrize("text", ["y = x; w[0] = 1", "if x.ndim: w[0] = 1", "w[0] = 1; y = w"])
def test_no_line_is_given_that_python_does_not_read_or_that_holds_more(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "torch.no_grad()" in found.finding.fix.text
    assert found.finding.fix.code is None


def test_what_one_round_adds_is_no_loss_where_the_round_adds_several() -> None:
    found = explained(Case(SETUP, SUM_OF_ROUNDS, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert (found.finding.fix.code, found.alternatives) == (None, ())
    assert found.finding.fix.text.startswith("Begin with a new total in every round")


def test_a_weight_that_was_computed_anew_has_no_gradient_and_is_not_asked_for_it_again() -> None:
    text = "v = w - 0.1\n(v * 2).sum().backward()\nv = v - 0.1 * v.grad"
    with pytest.warns(UserWarning, match="not a leaf Tensor") as told:
        found = explained(Case(SETUP, text, "no-gradient-yet"))
    assert len(told) == 1, "PyTorch's own, of the cell"
    assert found is not None
    assert found.finding.line == 3
    assert "v was computed from other tensors" in found.finding.message
    assert "v -= …" in str(found.finding.fix)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x.grad.zero_()", "no backward() has reached x"),
        ("torch.dot(x, x.grad)", "x.grad is None"),
        ("rows.grad + 1", "(requires_grad=False)"),
    ],
)
def test_it_is_said_why_there_is_no_gradient(text: str, why: str) -> None:
    found = explained(Case(SETUP, text, "no-gradient-yet"))
    assert found is not None
    assert found.finding.kind == "no-gradient-yet"
    assert why in found.finding.message


NUMBERS = """
import torch
import torch.nn.functional as F
w = torch.ones(3, requires_grad=True)
def trained():
    loss = F.mse_loss(w, torch.zeros(3)).item()
    loss.backward()
"""


@pytest.mark.parametrize(
    ("text", "line", "cell", "fix"),
    [
        ("w.sum().item().backward()", 1, CELL, "w.sum().backward()"),
        (
            "loss = w.sum()\nloss = loss.item()\nloss.backward()",
            2,
            CELL,
            "loss_value = loss.item()",
        ),
        ("trained()", 6, SETUP_CELL, "loss = F.mse_loss(w, torch.zeros(3))"),
    ],
)
def test_a_number_has_no_gradients(text: str, line: int, cell: str, fix: str) -> None:
    said = "since .item() takes the number out of"
    check(Case(NUMBERS, text, "number-backward", line, said, fix, cell=cell))


@pytest.mark.parametrize(
    "text",
    [
        "loss = 0.0\nloss.backward()",
        "loss = len(w)\nloss.backward()",
        "loss = 0.0\nfor _ in w:\n    loss += w.sum().item()\nloss.backward()",
        "class Chess:\n    step = 1\nChess.step.backward()",
    ],
)
def test_of_other_numbers_nothing_is_said(text: str) -> None:
    check(Case(NUMBERS, text, None))
