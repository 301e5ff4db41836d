"""New shapes, axes, indices and joined tensors."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check, explained, run_cells

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
rows, cube, square = torch.ones(3, 4), torch.ones(8, 4, 4), torch.ones(3, 3)
one = torch.ones(1, 3).squeeze()
words = torch.tensor([[0, 4]])
table = nn.Embedding(4, 2)
a, b, flat = torch.ones(2, 3), torch.ones(2, 4), torch.ones(2)
parts = [torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 5)]
samples = [torch.ones(3), torch.ones(4)]
bigger = nn.Embedding(num_embeddings=4, embedding_dim=2)
norm = nn.BatchNorm2d(3)
"""
MASK, ROOM, NARROWED = "mask-shape", "no-room", "rows[mask[..., 0]] = 0"
SIZE, ORDER, AXIS, INDEX, JOINED = (
    "reshape-size",
    "view-order",
    "axis-range",
    "index-range",
    "joined-sizes",
)
CASES = [
    Case(
        SETUP,
        "torch.cat(a, a)",
        "not-together",
        1,
        "gets a and a one by one",
        "torch.cat([a, a])",
        "verified",
    ),
    Case(
        SETUP,
        "torch.cat(a, b, 1)",
        "not-together",
        1,
        "a and b",
        "torch.cat([a, b], 1)",
        "verified",
    ),
    Case(SETUP, "rows.view(5)", SIZE, 1, "rows (3, 4) has 12", "rows.view(-1)", "verified"),
    Case(SETUP, "cube.reshape(8, 15)", SIZE, 1, "128", "cube.reshape(8, -1)", "verified"),
    Case(SETUP, "torch.reshape(cube, (8, 15))", SIZE, 1, "cube", "torch.reshape(cube, (8, -1))"),
    Case(SETUP, "cube.view(8, 5 * 3)", SIZE, 1, "cube", "cube.view(8, -1)"),
    Case(SETUP, "cube.view(-1, 15)", SIZE, 1, "a multiple of 15", "cube.view(-1, 16)", "verified"),
    Case(SETUP, "(cube * 2).view(8, 15)", SIZE, 1, "cube * 2", "(cube * 2).view(8, -1)"),
    Case(SETUP, "rows.t().view(12)", ORDER, 1, "rows.t()", "rows.t().reshape(12)", "verified"),
    Case(SETUP, "rows.T.view(2, -1)", ORDER, 1, "rows.T", "rows.T.reshape(2, -1)", "verified"),
    Case(SETUP, "cube.transpose(0, 1).view(-1)", ORDER, 1, "cube.transpose(0, 1)"),
    Case(
        SETUP,
        "one.argmax(dim=1)",
        AXIS,
        6,
        "one has 1 axis",
        "one = torch.ones(1, 3).squeeze(-1)",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, "rows.softmax(2)", AXIS, 1, "rows has 2 axes (3, 4)", "rows.softmax(-1)"),
    Case(SETUP, "cube.transpose(1, 3)", AXIS, 1, "cube has 3", "cube.transpose(1, -1)"),
    Case(
        SETUP, "rows.unsqueeze(4)", AXIS, 1, "rows has 2 axes (3, 4), and a new one may be 0 to 2;"
    ),
    Case(SETUP, "rows[0, 0, 0]", AXIS, 1, "rows has 2 axes"),
    Case(SETUP, "rows[0, 5]", INDEX, 1, "Axis 1 of rows has 4 elements"),
    Case(SETUP, "row = 3\nrows[row]", INDEX, 2, "row asks for 3", "rows[row - 1]"),
    Case(SETUP, "mask = rows[:, :1] > 0\nrows[mask] = 0", MASK, 2, "mask is (3, 1)", NARROWED),
    Case(SETUP, "flat[flat[:, None] > 0]", MASK, 1, "flat[:, None] > 0 is (2, 1)"),
    Case(SETUP, "rows[rows[0] > 0]", MASK, 1, "rows[0] > 0 is (4,)", "rows[:, rows[0] > 0]"),
    Case(SETUP, "cube[:, cube[:, :, 0] > 0]", MASK, 1, "(8, 4)", "cube[cube[:, :, 0] > 0]"),
    Case(SETUP, "rows[torch.ones(7) > 0]", MASK, 1, "(7,)"),
    Case(SETUP, "rows[0, 0, rows[0] > 0]", AXIS, 1, "rows has 2 axes"),
    Case(SETUP, "rows[:] = one", ROOM, 1, "one has the shape (3,)", "rows[:] = one[..., None]"),
    Case(SETUP, "rows[rows > 9] = one", ROOM, 1, "one has the shape (3,)"),
    Case(SETUP, "a[:] = b", ROOM, 1, "b has the shape (2, 4)"),
    Case(SETUP, "rows.gather(1, words)", INDEX, 1, "words asks for 4"),
    Case(
        SETUP,
        "table(words)",
        INDEX,
        8,
        "table has 4 rows",
        "table = nn.Embedding(5, 2)",
        "verified",
        SETUP_CELL,
    ),
    Case(SETUP, "bigger(words)", INDEX, 12, "words", None, "verified", SETUP_CELL),
    Case(SETUP, "table(words - 1)", INDEX, 1, "goes from -1 to 3"),
    Case(SETUP, "F.embedding(words, rows[:, :2])", INDEX, 1, "words"),
    Case(
        SETUP, "torch.cat([a, b])", JOINED, 1, "b is (2, 4)", "torch.cat([a, b], dim=1)", "verified"
    ),
    Case(
        SETUP, "torch.cat((square, rows), 0)", JOINED, 1, "rows", "torch.cat((square, rows), dim=1)"
    ),
    Case(SETUP, "torch.stack([a, flat])", JOINED, 1, "flat is (2,), a is (2, 3)"),
    Case(SETUP, "torch.stack(parts)", JOINED, 1, "parts[2] is (2, 5)"),
    Case(SETUP, "torch.cat([a, flat], dim=0)", JOINED, 1, "flat"),
    Case(
        SETUP,
        "for batch in torch.utils.data.DataLoader(samples, batch_size=2):\n    pass",
        JOINED,
        1,
        "sample 1 is (4,), sample 0 is (3,)",
    ),
    Case(SETUP, "if rows > 0:\n    pass", "truth-of-many", 1, "rows > 0", "if (rows > 0).all():"),
    Case(SETUP, "rows.item()", "number-of-many", 1, "rows", "rows.mean().item()"),
    Case(SETUP, "norm(torch.ones(1, 2, 4, 4))", "channels", 13, "norm", None, None, SETUP_CELL),
    Case(
        SETUP,
        "table(words.float())",
        "index-dtype",
        1,
        "words.float() is float32",
        "table(words.float().long())",
        "unverified",
        runs=False,
    ),
    Case(SETUP, "table(rows * 0.5)", "index-dtype", 1, "holds fractions"),
    Case(SETUP, "rows[flat]", "index-dtype", 1, "flat", "rows[flat.long()]", "verified"),
    Case(SETUP, "norm(cube[:3])", "axes-count", 1, "norm takes 4", "norm(cube[:3].unsqueeze(0))"),
    Case(SETUP, "nn.Conv2d(3, 4, 1)(rows)", "axes-count", 1, "rows"),
    Case(SETUP, "nn.Conv2d(8, 4, 1)(cube[None, None])", "axes-count", 1, "has 5"),
    Case(SETUP, "rows.permute(0, 1, 2)", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("call", ["transpose(1, 2)", "swapaxes(-1, 2)", "movedim(2, 1)"])
def test_an_axis_is_not_exchanged_with_itself(call: str) -> None:
    found = explained(Case(SETUP, f"rows.{call}", None))
    assert found is not None
    assert found.finding is not None
    assert (found.finding.kind, found.finding.fix) == (AXIS, None)


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("B, T = flat.shape", "B, T want 2 axes; flat has 1 axis: (2,).", "flat[None]"),
        ("B, T = cube.size()", "B, T want 2 axes; cube has 3 axes: (8, 4, 4).", None),
        (
            "def forward(x):\n    B, C, T = x.shape\nforward(rows)",
            "B, C, T want 3 axes; x has 2 axes: (3, 4).",
            "x[None]",
        ),
    ],
)
def test_a_shape_that_is_taken_apart_wrongly(text: str, message: str, advice: str | None) -> None:
    found = explained(Case(SETUP, text, "shape-unpacked"))
    assert found is not None
    assert (found.finding.kind, found.finding.message) == ("shape-unpacked", message)
    assert found.finding.fix is None if advice is None else advice in str(found.finding.fix)


@pytest.mark.parametrize("text", ["x, y = [1, 2, 3]", "x, y = rows", "*x, y, z, w = flat.shape"])
def test_what_is_taken_apart_and_is_no_shape(text: str) -> None:
    assert explained(Case(SETUP, text, None)) is None


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("table(torch.arange(6))", "sequences of at most 4"),
        ("positions = torch.tensor([0, 1, 2, 3, 4])\ntable(positions)", "sequences of at most 4"),
        ("table(torch.tensor([[0, 1, 2, 3, 4]]))", "num_embeddings=5"),
        ("table(torch.arange(6) + 1)", "num_embeddings=7"),
    ],
)
def test_places_of_a_sequence_are_not_taken_for_words(text: str, advice: str) -> None:
    found = explained(Case(SETUP, text, INDEX))
    assert found is not None
    assert advice in str(found.finding.fix)


@pytest.mark.parametrize("given", ["torch.randn(3, 4)", "torch.rand(3, 4).exp()"])
def test_an_index_is_not_taken_for_the_tensor_that_nobody_keeps(given: str) -> None:
    """As random numbers, which are not drawn again: the error itself says how long its axis is."""
    assert explained(Case(SETUP, f"torch.gather({given}, 1, torch.tensor([[4]]))", None)) is None


def test_an_index_into_a_tensor_that_a_function_takes() -> None:
    check(
        Case(
            SETUP,
            "torch.gather(rows, 1, torch.tensor([[4]]))",
            "index-range",
            1,
            "Axis 1 of rows has 4 elements",
        )
    )


@pytest.mark.parametrize(
    ("text", "message", "fix", "status"),
    [
        (
            "flat.expand(2, 5)",
            "axis 0 of flat (2,) has 2 elements, and 5 are asked for",
            "flat.unsqueeze(1).expand(2, 5)",
            "verified",
        ),
        (
            "rows.expand(3, 8)",
            "axis 1 of rows (3, 4) has 4 elements, and 8 are asked for",
            "rows.repeat(1, 2)",
            "unverified",
        ),
        ("rows.expand(-1, 7)", "axis 1 of rows (3, 4) has 4 elements, and 7 are", None, None),
        ("cube.expand(8, 4)", "cube has 3 axes (8, 4, 4), and 2 lengths are given", None, None),
    ],
)
def test_a_shape_that_is_expanded_wrongly(
    text: str, message: str, fix: str | None, status: str | None
) -> None:
    check(Case(SETUP, text, "expanded-shape", 1, message, fix, status))


BATCHES = """
import torch
from torch.utils.data import DataLoader
def one(data, **options):
    return next(iter(DataLoader(data, batch_size=2, **options)))
words = [torch.ones(n) for n in (3, 5)]
labelled = [(each, 1) for each in words]
named = [{"ids": each} for each in words]
images = [(torch.ones(3, n, 20), 1) for n in (20, 21)]
lists = [([1, 2, 3], 0), ([1, 2], 1)]
"""


@pytest.mark.parametrize(
    ("data", "message", "advice"),
    [
        ("words", "sample 1 is (5,), sample 0 is (3,)", "pad_sequence(samples, batch_first=True)"),
        ("labelled", "element 0 of sample 1 is (5,)", "(torch.nn.utils.rnn.pad_sequence)"),
        ("named", "element 'ids' of sample 1 is (5,)", "(torch.nn.utils.rnn.pad_sequence)"),
        ("images", "element 0 of sample 1 is (3, 21, 20)", "Resize((HEIGHT, WIDTH))"),
        ("lists", "element 0 of sample 1 has 2 elements", "pad_sequence"),
    ],
)
def test_samples_of_unequal_shapes(data: str, message: str, advice: str) -> None:
    found = explained(Case(BATCHES, f"one({data})", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "joined-sizes"
    assert message in found.finding.message
    assert found.finding.fix is not None
    assert advice in found.finding.fix.text


def test_the_advised_function_joins_samples_of_unequal_length() -> None:
    way = "lambda samples: torch.nn.utils.rnn.pad_sequence(samples, batch_first=True)"
    run_cells(Case(BATCHES, f"assert one(words, collate_fn={way}).shape == (2, 5)", None))


def test_what_a_function_of_the_users_joins_is_no_sample() -> None:
    check(
        Case(BATCHES, "one(words, collate_fn=lambda _: torch.stack(words[:1] * 2 + words))", None)
    )
