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


HANDED = """
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, random_split
data = TensorDataset(torch.ones(10, 3))
class Own(Dataset):
    def __len__(self): return 10
    def __getitem__(self, k): return k
class Stream(IterableDataset):
    def __iter__(self): yield from range(4)
stream, own, first, second, sizes = Stream(), Own(), 8, 1, [3, 3]
x, lengths = torch.ones(3, 5, 4), torch.tensor([3, 5, 2])
"""
SPLIT, STREAM, PACKED = "split-lengths", "shuffled-stream", "packed-lengths"
OF_HANDED = [
    Case(
        HANDED,
        "random_split(data, [8, 3])",
        SPLIT,
        1,
        "all 10 samples of data; [8, 3] make 11.",
        "random_split(data, [8, len(data) - 8])",
    ),
    Case(
        HANDED,
        "random_split(own, [int(len(own) * 0.75), int(len(own) * 0.25)])",
        SPLIT,
        1,
        "all samples of own; ",
        "random_split(own, [int(len(own) * 0.75), len(own) - int(len(own) * 0.75)])",
    ),
    Case(
        HANDED,
        "random_split(data, (first - 1, 1, second))",
        SPLIT,
        1,
        "make 9",
        "random_split(data, (first - 1, 1, len(data) - (first - 1) - 1))",
    ),
    Case(HANDED, "random_split(data, sizes)", SPLIT, 1, "sizes make 6"),
    Case(HANDED, "random_split(data, [12, 3])", SPLIT, 1, "make 15"),
    Case(HANDED, "random_split(data, [0.8, 0.3])", SPLIT, 1, "must make 1 together"),
    Case(
        HANDED,
        "DataLoader(stream, batch_size=2, shuffle=True)",
        STREAM,
        1,
        "stream is an IterableDataset",
        "DataLoader(stream, batch_size=2)",
    ),
    Case(
        HANDED,
        "pack_padded_sequence(x, lengths, batch_first=True)",
        PACKED,
        1,
        "see lengths",
        "pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)",
    ),
]


@pytest.mark.parametrize("case", OF_HANDED, ids=lambda case: case.text)
def test_how_data_is_handed_out(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("text", ["random_split(data, sizes)", "random_split(data, [12, 3])"])
def test_no_line_is_given_where_no_part_is_what_the_others_leave(text: str) -> None:
    found = explained(Case(HANDED, text, SPLIT))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code is None


def test_lengths_on_a_gpu_are_brought_back() -> None:
    text = "'lengths' argument should be a 1D CPU int64 tensor, but got 1D cuda:0 Long tensor"
    found = explained(Case(HANDED, "pack_padded_sequence(x, lengths)", PACKED), text)
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code == "pack_padded_sequence(x, lengths.cpu())"


WEIGHTS = """
import copy
import torch
import torch.nn as nn
model, optimizer = nn.Linear(3, 3), None
model(torch.ones(2, 3)).sum().backward()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
w, image = torch.ones(3, requires_grad=True), torch.ones(3)
class Holder: pass
y, keeping = w * 2, nn.Sequential(nn.Linear(3, 3))
keeping[0].cache = keeping(image)
"""
COPIED = "copied-graph"
EXPECTED, MADE, COMPUTED, LOOP = (
    "weights-expected",
    "weight-assigned",
    "computed-weight",
    "loop-over-model",
)
OF_WEIGHTS = [
    Case(
        WEIGHTS,
        "model.weight = torch.randn(3, 3)",
        MADE,
        1,
        "model.weight is a weight, an nn.Parameter",
        "model.weight = nn.Parameter(torch.randn(3, 3))",
    ),
    Case(
        WEIGHTS,
        "model.bias = model.bias * 0.5",
        MADE,
        1,
        "model.bias * 0.5 is a tensor",
        "model.bias = nn.Parameter(model.bias * 0.5)",
    ),
    Case(
        WEIGHTS,
        "v = torch.randn(3, requires_grad=True) * 0.1\ntorch.optim.Adam([w, v])",
        COMPUTED,
        1,
        "v is computed from another tensor",
        "v = (torch.randn(3, requires_grad=True) * 0.1).detach().requires_grad_()",
    ),
    Case(WEIGHTS, "torch.optim.SGD([w.double()], lr=0.1)", COMPUTED, 1, "w.double() is computed"),
    Case(WEIGHTS, "torch.optim.SGD([nn.Parameter(image), w * 2], lr=1.0)", COMPUTED, 1, "w * 2"),
    Case(
        WEIGHTS,
        "for p in model: p.requires_grad = False",
        LOOP,
        1,
        "model is a model",
        "for p in model.parameters(): p.requires_grad = False",
    ),
    Case(
        WEIGHTS,
        "for layer in model:\n    print(layer)",
        LOOP,
        1,
        "model is a model",
        "for layer in model.children():",
    ),
    Case(
        WEIGHTS,
        "best = copy.deepcopy(y)",
        COPIED,
        1,
        "y is computed",
        "best = y.detach().clone()",
    ),
    Case(WEIGHTS, "copy.deepcopy(keeping)", COPIED, 1, "keeping.0.cache is a tensor that was"),
    Case(
        WEIGHTS,
        "nn.utils.clip_grad_norm_(optimizer, 1.0)",
        EXPECTED,
        1,
        "optimizer is an optimiser",
        'nn.utils.clip_grad_norm_([w for group in optimizer.param_groups for w in group["params"]]'
        ", 1.0)",
    ),
    Case(
        WEIGHTS,
        "nn.utils.clip_grad_norm_(model.state_dict(), 1.0)",
        EXPECTED,
        1,
        "a dictionary",
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    ),
]


@pytest.mark.parametrize("case", OF_WEIGHTS, ids=lambda case: case.text)
def test_what_is_no_weight(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "text",
    [
        "model.weight = [1, 2]",
        "for p in 3: p",
        "copy.deepcopy({'y': y})",
        "own = nn.utils.spectral_norm(model)\nown(image[None])\ncopy.deepcopy(own)",
        "for p in Holder(): p",
        "for p in [model]:\n    a, b = p",
        "torch.optim.SGD([{'params': [w * 2]}], lr=0.1)",
        "class Net(nn.Module):\n    def __init__(self): self.own = nn.Linear(2, 2)\nNet()",
    ],
)
def test_other_objects_are_not_taken_for_weights(text: str) -> None:
    found = explained(Case(WEIGHTS, text, None))
    kinds = (EXPECTED, MADE, COMPUTED, LOOP, COPIED)
    assert found is None or found.finding is None or found.finding.kind not in kinds


def test_a_new_weight_is_not_known_to_an_optimiser() -> None:
    found = explained(Case(WEIGHTS, "model.weight = torch.randn(3, 3)", MADE))
    assert found is not None
    assert any("still holds the old weight" in each for each in found.notes)
