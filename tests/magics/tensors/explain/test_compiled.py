"""Errors that come wrapped: from torch.compile, a worker of a DataLoader, another error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.magics.tensors.explain.explained import (
    SETUP_CELL,
    Case,
    check,
    explained,
    run_with_all_edits,
)

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
rows, wrong = torch.ones(3, 4), torch.ones(5, 4)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(9, 2)
    def forward(self, x):
        x = F.relu(self.first(x))
        return self.second(x)
net = torch.compile(Net(), backend="eager")
@torch.compile(backend="eager")
def product(x, weight):
    y = x * 2
    return y @ weight
class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 2
    def __getitem__(self, k):
        return rows @ wrong
def load(data):
    return list(torch.utils.data.DataLoader(data, batch_size=2, num_workers=1))
def wrapped():
    try:
        rows @ wrong
    except RuntimeError as error:
        raise ValueError("the step failed") from error
"""
CASES = [
    Case(
        SETUP,
        "product(rows, wrong)",
        "matmul-shapes",
        18,
        "y has 4 columns, weight has 5 rows",
        "return y @ weight.T",
        "verified",
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "net(rows)",
        "layer-features",
        10,
        "net.second was made for 9",
        "self.second = nn.Linear(8, 2)",
        "shape-verified",
        SETUP_CELL,
    ),
]

CHAINS = """
import torch
import torch.nn as nn
rows, images = torch.ones(3, 4), torch.ones(2, 1, 8, 8)
single = torch.compile(nn.Linear(5, 2), backend="eager")
chain = torch.compile(nn.Sequential(
    nn.Linear(4, 8),
    nn.Sequential(nn.ReLU(), nn.Linear(9, 6)),
    nn.Linear(7, 2),
), backend="eager")
parts = nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), nn.Conv2d(5, 2, 1))
body = torch.compile(parts, backend="eager")
@torch.compile(backend="eager")
def scores(x):
    return parts(x)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.Sequential(nn.Linear(4, 8), nn.Linear(9, 2))
        self.last = nn.Linear(3, 1)
    def forward(self, x):
        x = self.parts(x)
        return self.last(x)
net = torch.compile(Net(), backend="eager")
"""
WHOLE = [
    Case(CHAINS, "single(rows)", "layer-features", 5, "single was made for 5", cell=SETUP_CELL),
    Case(
        CHAINS,
        "chain(rows)",
        "layer-features",
        8,
        "chain.1.1 was made for 9 features and gets 8",
        "nn.Sequential(nn.ReLU(), nn.Linear(8, 6)),",
        "shape-verified",
        SETUP_CELL,
        runs=False,
    ),
    Case(CHAINS, "body(images)", "channels", 11, "parts.1 was made for 5", cell=SETUP_CELL),
    Case(CHAINS, "scores(images)", "channels", 11, "parts.1 was made for 5", cell=SETUP_CELL),
    Case(
        CHAINS,
        "net(rows)",
        "layer-features",
        19,
        "net.parts.1 was made for 9",
        "self.parts = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))",
        cell=SETUP_CELL,
        runs=False,
    ),
]


@pytest.mark.parametrize("case", [*CASES, *WHOLE], ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("text", "lines", "last"),
    [
        ("chain(rows)", [8, 9], "Then chain.2 gets 6 features instead of 7."),
        ("net(rows)", [19, 20], "Then net.last gets 2 features instead of 3."),
    ],
)
def test_all_edits_of_a_compiled_chain_are_found(text: str, lines: list[int], last: str) -> None:
    case = Case(CHAINS, text, None)
    found = explained(case)
    assert found is not None
    assert [each.line for each in found.findings] == lines
    assert found.findings[-1].message == last
    run_with_all_edits(case, found)


def check_worker() -> None:
    """What is said of an error in a worker of a DataLoader."""
    where = "__getitem__: mat1 and mat2 shapes cannot be multiplied"
    check(Case(SETUP, "load(Numbers())", "in-worker", 23, where, None, None, SETUP_CELL))


def test_an_error_in_a_worker_is_shown_where_it_happened() -> None:
    """In a process of its own: JAX, which other tests may have loaded, does not bear a fork."""
    code = f"from {__name__} import check_worker; check_worker()"
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[4], timeout=120)


def test_the_error_behind_an_error_is_explained_where_it_happened() -> None:
    check(Case(SETUP, "wrapped()", "matmul-shapes", 28, "wrong", None, None, SETUP_CELL))
