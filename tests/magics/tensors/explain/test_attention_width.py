"""The features and the heads of ``nn.MultiheadAttention``."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check, explained

SETUP = """
import torch
import torch.nn as nn
attention = nn.MultiheadAttention(16, 4, batch_first=True)
x, odd, turned = torch.ones(2, 5, 12), torch.ones(2, 5, 13), torch.ones(2, 16, 5)
"""
WIDTH = "attention-width"
CASES = [
    Case(
        SETUP,
        "own = nn.MultiheadAttention(10, 3)",
        WIDTH,
        1,
        "its 10 features (embed_dim), and 3 heads do not divide them",
        "own = nn.MultiheadAttention(10, 2)",
    ),
    Case(SETUP, "nn.TransformerEncoderLayer(d_model=100, nhead=7)", WIDTH, 1, "7 heads"),
    Case(
        SETUP,
        "attention(x, x, x)",
        WIDTH,
        4,
        "made for 16 features (embed_dim); x (2, 5, 12) has 12 on its last axis",
        "attention = nn.MultiheadAttention(12, 4, batch_first=True)",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, "attention(odd, odd, odd)", WIDTH, 1, "odd (2, 5, 13) has 13"),
    Case(SETUP, "attention(turned, turned, turned)", WIDTH, 1, "turned (2, 16, 5) has 5"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_an_attention_is_made_for(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("nn.MultiheadAttention(10, 3)", "Take 2 heads, or 12 features."),
        ("attention(odd, odd, odd)", "with heads that divide 13"),
        ("attention(turned, turned, turned)", "turned.movedim(1, -1)"),
    ],
)
def test_what_is_advised(text: str, fix: str) -> None:
    found = explained(Case(SETUP, text, WIDTH))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert fix in found.finding.fix.text


@pytest.mark.parametrize("text", ["attention(x.long(), 3, 3)", "assert 10 % 3 == 0, 'embed_dim'"])
def test_other_errors_are_not_taken_for_it(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is None or found.finding is None or found.finding.kind != WIDTH
