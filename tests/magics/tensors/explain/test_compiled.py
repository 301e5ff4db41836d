"""Errors that come wrapped: from torch.compile, a worker of a DataLoader, another error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


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
