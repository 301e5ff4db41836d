"""Loops over a ``DataLoader`` that take its batches apart, and how data is handed out."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained

SETUP = """
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
class Named(Dataset):
    def __len__(self): return 8
    def __getitem__(self, k): return {"ids": torch.ones(3), "mask": torch.ones(3), "label": k}
class Three(Dataset):
    def __len__(self): return 8
    def __getitem__(self, k):
        def part(): return 3
        return torch.ones(3), torch.ones(2), part()
class Open(Dataset):
    def __len__(self): return 8
    def __getitem__(self, k):
        item = {key: torch.ones(2) for key in "abc"}
        return item
loader, three, unknown = DataLoader(Named(), 2), DataLoader(Three(), 2), DataLoader(Open(), 2)
listed, single = DataLoader([{"x": 1.0}] * 4, 2), DataLoader(TensorDataset(torch.ones(4, 3)), 2)
part = DataLoader(random_split(Three(), [4, 4])[0], 2)
pairs = DataLoader(TensorDataset(torch.ones(4, 3), torch.ones(4)), 2)
batch = next(iter(loader))
def tqdm(values, desc=""):
    return values
"""
UNPACKED = "batch-unpacked"
CASES = [
    Case(SETUP, "for x, y in loader:\n    x", UNPACKED, 1, 'with "ids", "mask" and "label"'),
    Case(SETUP, "for k, (x, y) in enumerate(loader, 1): x", UNPACKED, 1, '"mask" and "label"'),
    Case(SETUP, "for x, y in listed: x", UNPACKED, 1, 'dictionaries with "x"'),
    Case(SETUP, "for x, y in three: x", UNPACKED, 1, "three have 3 parts, and x, y are names"),
    Case(SETUP, "for x, y in part: x", UNPACKED, 1, "The batches of part have 3 parts"),
    Case(SETUP, "for x, y in single: x", UNPACKED, 1, "The batches of single have 1 part,"),
    Case(SETUP, "for x, y in tqdm(unknown): x", UNPACKED, 1, "do not have the 2 parts"),
    Case(SETUP, "x, y = batch", UNPACKED, 1, "batch is a dictionary with"),
    Case(
        SETUP,
        "for k, x, y in enumerate(pairs):\n    x",
        UNPACKED,
        1,
        "enumerate gives pairs of a number and a batch",
        "for k, (x, y) in enumerate(pairs):",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_a_batch_is(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("for x, y in loader: x", 'Write for batch in loader, and batch["ids"]'),
        (
            "for k, (x, y) in enumerate(loader): x",
            'Write for k, batch in enumerate(loader), and batch["ids"]',
        ),
        (
            'for k, (x, y) in enumerate(tqdm(unknown, desc="a")): x',
            "write for k, batch in enumerate(tqdm(unknown, desc='a')), and",
        ),
    ],
)
def test_how_the_loop_goes_instead(text: str, fix: str) -> None:
    found = explained(Case(SETUP, text, UNPACKED))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert fix in found.finding.fix.text


@pytest.mark.parametrize(
    "text",
    [
        "for x, y in [(1, 2, 3)]: x",
        "for x, y in pairs:\n    a, b = 1, 2, 3",
        "for x, y in pairs:\n    for a, b in x: a",
        "for k, (x, y) in zip(range(3), loader): x",
        "a, b = {'a': 1, 'b': 2, 'c': 3}",
        "k, (x, y, z) = 1, (2, 3)",
    ],
)
def test_other_values_are_no_batches(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is None or found.finding is None or found.finding.kind != UNPACKED
