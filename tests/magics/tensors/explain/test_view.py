"""What an explanation shows."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, explained

SETUP = """
import torch
from torch import nn
model = nn.Linear(4, 2)
x, w = torch.ones(3, 4), torch.ones(5, 4)
"""


@pytest.mark.parametrize(
    ("cell", "columns"),
    [
        ("x @ w", "operand kind shape dtype device"),
        ("nn.utils.clip_grad_norm_(model, 1.0)", "operand kind"),
    ],
)
def test_a_column_in_which_nothing_is_known_is_left_out(cell: str, columns: str) -> None:
    found = explained(Case(SETUP, cell, None))
    assert found is not None
    lines = [" ".join(line.split()) for line in repr(found).splitlines()]
    assert lines[lines.index("The values that took part") + 1] == columns
