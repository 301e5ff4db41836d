"""Values of different types or on different devices."""

from __future__ import annotations

import pytest
import torch

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check, explained

SETUP = """
import numpy as np
import torch
import torch.nn as nn
rows = torch.ones(3, 4)
table = np.ones((3, 4))
wide = torch.from_numpy(table)
whole = torch.ones(3, 4).long()
fc = nn.Linear(4, 2)
conv = nn.Conv2d(3, 8, 3)
rnn = nn.GRU(4, 2)
far = torch.ones(3, 4, device="meta")
far_fc = nn.Linear(4, 2, device="meta")
"""
D, W, V = "dtype-mismatch", "whole-numbers", "device-mismatch"
CASES = [
    Case(
        SETUP,
        "fc(wide)",
        D,
        7,
        "wide is float64, fc.weight is float32",
        "wide = torch.from_numpy(table).float()",
        "verified",
        SETUP_CELL,
    ),
    Case(SETUP, "x = torch.tensor(table)\nfc(x)", D, 1, "x", "x = torch.tensor(table).float()"),
    Case(SETUP, "fc(rows.double())", D, 1, "rows.double()", "fc(rows.double().float())"),
    Case(SETUP, "fc(whole)", D, 1, "whole is int64", "fc(whole.float())", "verified"),
    Case(SETUP, "y = rows @ whole.T", D, 1, "whole.T is int64", "y = rows @ whole.T.float()"),
    Case(SETUP, "y = rows @ (whole * 2).T", D, 1, "float32", "y = rows @ (whole * 2).T.float()"),
    Case(SETUP, "conv(torch.ones(2, 3, 8, 8).double())", D, 1, "conv.weight", None, "verified"),
    Case(SETUP, "x = rows[None].double()\nrnn(x)", D, 2, "x", "rnn(x.float())", "verified"),
    Case(SETUP, "nn.Sequential(fc, nn.Linear(2, 1).double())(rows)", D, 1, "the input"),
    Case(
        SETUP,
        "(fc(rows).argmax(1) == 0).mean()",
        "whole-numbers",
        1,
        "holds True and False (bool)",
        "(fc(rows).argmax(1) == 0).float().mean()",
        "unverified",
    ),
    Case(
        SETUP,
        "conv(torch.ones(2, 8, 8, 3).double())",
        "dtype-mismatch",
        1,
        "is float64",
        "conv(torch.ones(2, 8, 8, 3).double().float())",
        "unverified",
        runs=False,
    ),
    Case(SETUP, "whole.mean()", W, 1, "whole", "whole.float().mean()", "verified"),
    Case(SETUP, "torch.softmax(whole, 1)", W, 1, "whole", "torch.softmax(whole.float(), 1)"),
    Case(SETUP, "x = whole\nx /= 2", W, 2, "x", "x = x / 2"),
    Case(SETUP, "whole.requires_grad_()", W, 1, "whole", "whole.float().requires_grad_()"),
    Case(SETUP, "rows + far", V, 1, "rows is on cpu", "rows.to(far.device) + far", "unverified"),
    Case(SETUP, "rows.mul(far)", V, 1, "far is on meta"),
    Case(SETUP, "far_fc(rows)", V, 1, "rows is on cpu, far_fc.weight is on meta"),
    Case(SETUP, "fc(far)", V, 1, "far is on meta, fc.weight", "fc.to(far.device)(far)"),
    Case(SETUP, "far.numpy()", "numpy-of-tensor", 1, "is on meta", "far.cpu().numpy()", runs=False),
    Case(
        SETUP,
        'rows.to("gpu")',
        "device-name",
        1,
        '"gpu"',
        'rows.to("cuda")',
        runs=False,
    ),
    Case(SETUP, 'd = torch.device("cqu:0")', "device-name", 1, "cqu", 'd = torch.device("cpu:0")'),
    Case(SETUP, "rows.double() @ rows.T.double() + 'a'", None),
    Case(SETUP, "rows.to(None, None, 3)", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_the_origin_in_numpy_is_told() -> None:
    found = explained(Case(SETUP, "fc(wide)", None))
    assert found is not None
    assert found.notes == (
        "NumPy computes in float64 unless it is told otherwise; layers are float32.",
    )


def test_where_a_value_came_from_is_told() -> None:
    text = "def step(batch):\n    return fc(batch)\nstep(whole)"
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.notes == ("batch comes from Cell In[1], line 3: step(whole)",)
    found = explained(Case(SETUP, "fc(whole)", None))
    assert found is not None
    assert found.notes == ("whole comes from Cell In[0], line 8: whole = torch.ones(3, 4).long()",)


def test_the_operands_are_shown_with_type_and_device() -> None:
    found = explained(Case(SETUP, "far_fc(rows)", None))
    assert found is not None
    assert [(each.name, each.dtype, each.device) for each in found.operands] == [
        ("rows", "float32", "cpu"),
        ("far_fc.weight", "float32", "meta"),
    ]


def test_a_model_without_numbers_is_not_to_be_moved() -> None:
    found = explained(Case(SETUP, "far_fc(rows)", None))
    assert found is not None
    assert found.finding is not None
    first, second = [each.fix for each in (found.finding, *found.alternatives) if each.fix]
    assert "make the model on cpu, or far_fc.to_empty" in first.text
    assert second.text.startswith("For shapes alone, move the other there")
    assert second.code == "far_fc(rows.to(far_fc.weight.device))"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, and nothing is raised")
@pytest.mark.parametrize("cell", ["fc.cuda()", 'y = rows.to("cuda")', 'fc.to(device="cuda")'])
def test_a_gpu_that_is_not_there_gets_a_line_that_runs_without_it(cell: str) -> None:
    device = '"cuda" if torch.cuda.is_available() else "cpu"'
    mended = cell.replace('"cuda"', device) if '"' in cell else f"fc.to({device})"
    check(Case(SETUP, cell, "no-cuda", 1, "no CUDA GPU here", mended))


def test_nobody_is_told_to_drop_imaginary_parts() -> None:
    found = explained(Case(SETUP, "fc(torch.fft.fft(rows))", D))
    assert found is not None
    assert found.finding.fix is not None
    assert (found.finding.fix.status, found.finding.fix.code) == ("unverified", None)
    assert ".abs()" in found.finding.fix.text
