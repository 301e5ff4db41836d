"""Layers that were made for other inputs than they get, and the line to edit."""

from __future__ import annotations

import pytest
import torch

from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain.explained import (
    SETUP_CELL,
    Case,
    check,
    explained,
    name_of_cell,
    raised,
    run_with_all_edits,
)

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.fc1 = nn.Linear(100, 20)
        self.fc2 = nn.Linear(20, out_features=5)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(F.dropout(x, 0.5))
images = torch.ones(2, 1, 12, 12)
last = torch.ones(2, 8, 8, 3)
rows = torch.ones(3, 4)
square = nn.Linear(4, 4)
head = nn.Sequential(nn.Linear(784, 8))
photos = torch.ones(3, 1, 28, 28)
grey = nn.Conv2d(1, 8, 3)
rgb = nn.Conv2d(3, 8, 3)
"""
SEQUENTIAL = """model = nn.Sequential(
    nn.Linear(4, 8),
    nn.ReLU(),
    nn.Linear(9, 3),
)
model(rows)"""
CASES = [
    Case(SETUP, SEQUENTIAL, "layer-features", 4, "model.2", "nn.Linear(8, 3),", "shape-verified"),
    Case(
        SETUP,
        "Net()(images)",
        "layer-features",
        9,
        "self.fc1 was made for 100 features and gets 96",
        "self.fc1 = nn.Linear(96, 20)",
        "shape-verified",
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "fc = nn.Linear(in_features=5, out_features=2)\nfc(rows)",
        "layer-features",
        1,
        "fc was made for 5",
        "fc = nn.Linear(in_features=4, out_features=2)",
    ),
    Case(SETUP, "nn.Linear(5, 2)(rows)", "layer-features", 1, "A Linear layer"),
    Case(SETUP, "head(photos)", "layer-features", 1, "head.0", "head(photos.flatten(1))"),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 8))\nnet(photos[0, 0])",
        "layer-features",
        2,
        "net.1 was made for 784",
        "net(photos[0, 0][None])",
        "shape-verified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(1352, 2))\nnet(photos[0])",
        "layer-features",
        2,
        "net.2 was made for 1352",
        "net(photos[0][None])",
        "shape-verified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Flatten(), nn.Linear(27 * 27, 8))\nnet(photos[0, 0])",
        "layer-features",
        1,
        "net.1 was made for 729",
        "net = nn.Sequential(nn.Flatten(), nn.Linear(28, 8))",
    ),
    Case(
        SETUP,
        "rnn = nn.LSTM(3, 8)\nrnn(torch.ones(2, 3, 4))",
        "layer-features",
        1,
        "rnn was made for 3",
        "rnn = nn.LSTM(4, 8)",
        "shape-verified",
    ),
    Case(SETUP, "square(torch.ones(4, 3))", "layer-features", 19, "square", None, None, SETUP_CELL),
    Case(SETUP, "rgb(last)", "channels", 1, "last", "rgb(last.movedim(-1, 1))", "verified"),
    Case(
        SETUP,
        "nn.BatchNorm2d(3)(last)",
        "channels",
        1,
        "last",
        "nn.BatchNorm2d(3)(last.movedim(-1, 1))",
        "verified",
    ),
    Case(
        SETUP,
        "nn.BatchNorm1d(8)(torch.ones(2, 5, 8))",
        "channels",
        1,
        "(2, 5, 8) has 5",
        "nn.BatchNorm1d(8)(torch.ones(2, 5, 8).movedim(-1, 1))",
        "unverified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Conv1d(3, 16, 3), nn.BatchNorm1d(10))\nnet(torch.ones(4, 3, 12))",
        "channels",
        1,
        "the input of net.1 (4, 16, 10) has 16",
        "net = nn.Sequential(nn.Conv1d(3, 16, 3), nn.BatchNorm1d(16))",
        "unverified",
    ),
    Case(
        SETUP,
        "norm = nn.GroupNorm(4, 16)\nnorm(torch.ones(4, 10, 16))",
        "channels",
        2,
        "norm was made for 16 channels; torch.ones(4, 10, 16) (4, 10, 16) has 10",
        "norm(torch.ones(4, 10, 16).movedim(-1, 1))",
        "unverified",
    ),
    Case(
        SETUP,
        "norm = nn.GroupNorm(4, 16)\nnorm(torch.ones(2, 8, 5, 5))",
        "channels",
        1,
        "(2, 8, 5, 5) has 8",
        "norm = nn.GroupNorm(4, 8)",
        "unverified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.GroupNorm(4, 8))\nnet(images)",
        "channels",
        2,
        "net.1 was made for 8 channels",
    ),
    Case(SETUP, "grey(torch.ones(5, 9, 9))", "channels", 1, "1 channel;"),
    Case(SETUP, "grey(rows)", "channels", 1, "rows", "grey(rows.unsqueeze(0))", runs=False),
    Case(
        SETUP,
        "conv = nn.Conv2d(3, 8, 3)\nconv(images)",
        "channels",
        1,
        "images",
        "conv = nn.Conv2d(1, 8, 3)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(9))\nnet(images)",
        "channels",
        1,
        "net.1 was made for 9",
        "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8))",
    ),
    Case(SETUP, "norm = nn.BatchNorm1d(3)\nnorm(torch.ones(1, 3))", "batch-of-one", 2, "norm"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_where_a_length_is_taken_for_the_features_both_ways_are_named() -> None:
    found = explained(Case(SETUP, "norm = nn.BatchNorm1d(5)\nnorm(torch.ones(2, 8, 5))", None))
    assert found is not None
    assert found.finding is not None
    fixes = [each.fix for each in (found.finding, *found.alternatives) if each.fix]
    assert [each.code for each in fixes] == [
        "norm(torch.ones(2, 8, 5).movedim(-1, 1))",
        "norm = nn.BatchNorm1d(8)",
    ]


def test_where_a_square_fits_two_ways_both_are_named() -> None:
    found = explained(Case(SETUP, "rgb(torch.ones(2, 8, 3, 3))", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "movedim(-1, 1)" in found.finding.fix.text
    assert found.finding.fix.status == "unverified"
    assert [each.fix.text for each in found.alternatives if each.fix] == [
        "Make it for what it gets: nn.Conv2d(8, 8, 3)."
    ]


def edits(case: Case) -> list[tuple[int | None, str | None, str | None]]:
    """Line, message and code of what must be changed, in order; all together mend the cell."""
    found = explained(case)
    assert found is not None
    run_with_all_edits(case, found)
    assert all(each.fix and each.fix.status == "shape-verified" for each in found.findings)
    return [(each.line, each.message, each.fix and each.fix.code) for each in found.findings]


def test_all_edits_of_a_chain_are_findings_of_their_own() -> None:
    text = SEQUENTIAL.replace(
        "\n)", "\n    nn.Tanh(),\n    nn.Linear(5, 2),\n    nn.Linear(7, 1),\n)"
    )
    assert edits(Case(SETUP, text, None)) == [
        (4, "model.2 was made for 9 features and gets 8.", "nn.Linear(8, 3),"),
        (6, "Then model.4 gets 3 features instead of 5.", "nn.Linear(3, 2),"),
        (7, "Then model.5 gets 2 features instead of 7.", "nn.Linear(2, 1),"),
    ]


def test_edits_of_one_line_keep_those_before_them() -> None:
    text = "net = nn.Sequential(nn.Linear(5, 3), nn.Linear(2, 6), nn.LSTM(7, 2))\nnet(rows)"
    assert [code for _, _, code in edits(Case(SETUP, text, None))] == [
        "net = nn.Sequential(nn.Linear(4, 3), nn.Linear(2, 6), nn.LSTM(7, 2))",
        "net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 6), nn.LSTM(7, 2))",
        "net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 6), nn.LSTM(6, 2))",
    ]


def test_numbers_on_lines_of_their_own_are_found_there() -> None:
    text = """net = nn.Sequential(
    nn.Conv2d(
        3,
        8,
        kernel_size=3,
    ),
    nn.BatchNorm2d(
        num_features=9,
    ),
)
net(images)"""
    assert edits(Case(SETUP, text, None)) == [
        (3, "net.0 was made for 3 channels; images (2, 1, 12, 12) has 1 on that axis.", "1,"),
        (8, "Then net.1 gets 8 channels instead of 9.", "num_features=8,"),
    ]


def test_a_chain_is_carried_on_through_the_lines_of_forward() -> None:
    setup = SETUP.replace("nn.Linear(20, out", "nn.Linear(30, out")
    found = explained(Case(setup, "Net()(images)", None))
    assert found is not None
    assert [(each.cell, each.line) for each in found.findings] == [
        (SETUP_CELL, 9),
        (SETUP_CELL, 10),
    ]
    assert found.findings[1].message == "Then self.fc2 gets 20 features instead of 30."
    assert found.findings[1].source == "self.fc2 = nn.Linear(30, out_features=5)"
    assert found.findings[1].fix is not None
    assert found.findings[1].fix.code == "self.fc2 = nn.Linear(20, out_features=5)"
    shown = " ".join(repr(found).split())
    assert shown.index("self.fc1 was made for") < shown.index("Then self.fc2 gets")
    assert shown.index("Then self.fc2 gets") < shown.index("The values that took part")


def test_where_what_comes_next_is_not_known_the_first_edit_stands_alone() -> None:
    text = "up = nn.Sequential(nn.ConvTranspose2d(3, 4, 2), nn.Conv2d(5, 1, 1))\nup(images)"
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert [each.message.split(";")[0] for each in found.findings] == [
        "up.0 was made for 3 channels"
    ]


@pytest.mark.parametrize(
    ("layer", "gives"),
    [
        ("nn.Conv2d(1, 4, 3, stride=2, padding=1, dilation=2)", 4 * 5 * 5),
        ("nn.Conv2d(1, 4, (3, 5)), nn.MaxPool2d(3, ceil_mode=True)", 4 * 4 * 3),
        ("nn.Conv2d(1, 4, 1), nn.AdaptiveAvgPool2d((2, 3))", 4 * 2 * 3),
        ("nn.Conv2d(1, 4, 3, padding=1, padding_mode='reflect'), nn.AvgPool2d(2)", 4 * 6 * 6),
    ],
)
def test_lengths_are_those_that_the_layers_give(layer: str, gives: int) -> None:
    text = f"net = nn.Sequential(nn.Conv2d(3, 1, 1), {layer}, nn.Flatten(), nn.Linear(7, 2))"
    assert edits(Case(SETUP, f"{text}\nnet(images)", None))[1][1] == (
        f"Then net.{layer.count('nn.') + 2} gets {gives} features instead of 7."
    )


def test_where_a_layer_is_made_out_of_sight_the_edit_has_no_line() -> None:
    setup = f"{SETUP}\nwide = nn.Sequential(*[nn.Linear(5, n) for n in (3, 2)])"
    found = explained(Case(setup, "wide(rows)", None))
    assert found is not None
    further = found.findings[1]
    assert further.message == "Then wide.1 gets 3 features instead of 5."
    assert (further.cell, further.line, further.source) == (None, None, None)
    assert further.fix is not None
    assert "nn.Linear(3, 2)" in further.fix.text


def test_a_layer_that_is_used_twice_is_not_made_for_both() -> None:
    found = explained(Case(f"{SETUP}\nlayer = nn.Linear(5, 3)", "layer(layer(rows))", None))
    assert found is not None
    assert [each.message for each in found.findings] == [
        "layer was made for 5 features and gets 4."
    ]


def test_the_chain_is_read_and_not_run() -> None:
    """A forward with an effect, hooks and the random numbers show no trace of an explanation."""
    setup = f"""{SETUP}
calls = []
class Loud(Net):
    def forward(self, x):
        x = F.dropout(self.fc1(x))
        calls.append("called")
        return self.fc2(x)
loud = Loud()
loud.fc2.register_forward_hook(lambda *_: calls.append("hook"))
"""
    error, names = raised(Case(setup, "loud(rows)", None))
    before = torch.get_rng_state()
    assert explain(error, name_of_cell) is not None
    assert names["calls"] == []
    assert torch.get_rng_state().equal(before)


ATTENDING = """
import torch
import torch.nn as nn
import torch.nn.functional as F
q, k, pad = torch.ones(2, 4, 5, 8), torch.ones(2, 4, 6, 8), torch.ones(2, 6).bool()
pairs, x = torch.ones(2, 5, 6).bool(), torch.ones(2, 5, 8)
attend = nn.MultiheadAttention(8, 4, batch_first=True)
"""


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            "F.scaled_dot_product_attention(q, k, k, attn_mask=pad)",
            "they are (2, 4, 5, 6), and pad is (2, 6)",
            "F.scaled_dot_product_attention(q, k, k, attn_mask=pad[:, None, None, :])",
        ),
        (
            "F.scaled_dot_product_attention(q, k, k, pairs)",
            "they are (2, 4, 5, 6), and pairs is (2, 5, 6)",
            "F.scaled_dot_product_attention(q, k, k, pairs[:, None])",
        ),
        (
            "attend(x, x, x, attn_mask=pairs[..., :5])",
            "for each head of each sample, (8, 5, 5); pairs[..., :5] is (2, 5, 5)",
            "attend(x, x, x, attn_mask=pairs[..., :5].repeat_interleave(4, dim=0))",
        ),
    ],
)
def test_the_mask_of_an_attention(text: str, message: str, fix: str) -> None:
    check(Case(ATTENDING, text, "attention-mask", 1, message, fix, "verified"))


def test_a_value_is_not_said_to_be_stretched_by_an_attention() -> None:
    text = "F.scaled_dot_product_attention(q, k[:, :3], k[:, :3])"
    assert explained(Case(ATTENDING, text, None)) is None


@pytest.mark.parametrize("call", ["scores.masked_fill", "scores.masked_fill_"])
def test_a_mask_for_each_key_fills_scores_with_heads(call: str) -> None:
    setup = f"{ATTENDING}\nscores = q @ k.mT"
    fix = f"{call}((~pad)[:, None, None, :], -1e9)"
    check(
        Case(setup, f"{call}(~pad, -1e9)", "attention-mask", 1, "~pad is (2, 6)", fix, "verified")
    )


@pytest.mark.parametrize("mask", ["pad[:, :5]", "pad[[0, 1, 1]]", "pairs[:, :, :5]"])
def test_other_masks_are_not_for_each_key(mask: str) -> None:
    text = f"(q @ k.mT).masked_fill({mask}, -1e9)"
    check(Case(ATTENDING, text, "broadcast-shapes", runs=False))


RECURRENT = """
import torch
import torch.nn as nn
x, h, c = torch.ones(20, 5, 8), torch.zeros(1, 32, 16), torch.zeros(1, 32, 16)
rows, state = torch.ones(20, 5, 8), torch.zeros(1, 20, 16)
lstm, gru = nn.LSTM(8, 16, batch_first=True), nn.GRU(8, 16, batch_first=True)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 16, batch_first=True)
    def forward(self, x, h):
        out, h = self.gru(x, h)
        return out, h
"""


@pytest.mark.parametrize(
    ("text", "line", "message", "fix"),
    [
        ("out, _ = lstm(x, (h, c))", 1, "(1, 20, 16); h is (1, 32, 16)", "out, _ = lstm(x)"),
        ("out, _ = gru(x, h)", 1, "h is (1, 32, 16)", "out, _ = gru(x)"),
        (
            "old = nn.GRU(8, 16)\nold(rows, state)",
            1,
            "state is (1, 20, 16)",
            "old = nn.GRU(8, 16, batch_first=True)",
        ),
        ("lstm(x, state)", 1, "two states, (h, c)", "lstm(x, (state, torch.zeros_like(state)))"),
    ],
)
def test_the_state_of_a_recurrent_layer(text: str, line: int, message: str, fix: str) -> None:
    check(Case(RECURRENT, text, "recurrent-state", line, message, fix))


@pytest.mark.parametrize(
    ("text", "line", "cell"),
    [
        ("for each in [x]:\n    out, h = gru(each, h)", 2, "Cell In[1]"),
        ("Net()(x, h)", 12, SETUP_CELL),
        ("gru(x, torch.ones(1, 32, 16))", 1, "Cell In[1]"),
    ],
)
def test_a_state_that_is_carried_on_is_not_left_out(text: str, line: int, cell: str) -> None:
    case = Case(RECURRENT, text, "recurrent-state", line, "(1, 32, 16)", cell=cell)
    check(case)
    found = explained(case)
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code is None
    assert "drop_last=True" in found.finding.fix.text


def test_what_is_no_state_of_a_batch_is_not_said_to_be_one() -> None:
    check(Case(RECURRENT, "gru(x[0], torch.zeros(1, 32))", None))
    check(Case(RECURRENT, "h[1]", "index-range", runs=False))


def test_a_recurrent_layer_in_a_chain_hands_on_a_tuple() -> None:
    text = "net = nn.Sequential(gru, nn.Linear(16, 2))\nnet(x)"
    check(Case(RECURRENT, text, "wrong-object", 2, "the GRU before it, gru, gives a tuple"))
    given = "net = nn.Sequential(nn.Linear(8, 2), nn.ReLU())\nnet((x, h))"
    check(Case(RECURRENT, given, "wrong-object", 2, "net takes a tensor", runs=False))
