"""Parameters and FLOPs are those that one computes by hand; the arithmetic stands in the test."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dlmagic import summary
from dlmagic.magics.watch.summary.result import ModelSummary

B = 4
"""Samples in a batch."""


class Perceptron(nn.Sequential):
    """784 to 128 to 10."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))

    shapes: Any = (B, 784)
    parameters_by_hand = (784 * 128 + 128) + (128 * 10 + 10)
    flops_by_hand = 2 * B * (784 * 128 + 128 * 10)


class LeNet(nn.Sequential):
    """Two convolutions, of which the first keeps the size and the second loses four rows."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(16 * 5 * 5, 120),
        )  # fmt: skip

    shapes: Any = (B, 1, 28, 28)
    parameters_by_hand = (6 * 25 + 6) + (16 * 6 * 25 + 16) + (400 * 120 + 120)
    flops_by_hand = 2 * B * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 6 * 25 + 400 * 120)


class Reused(nn.Module):
    """One layer that is called three times: its weights count once, its work three times."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = torch.tanh(self.body(x))
        return self.head(x)

    shapes: Any = (B, 64)
    parameters_by_hand = 64 * 64 + 64 + 64
    flops_by_hand = 2 * B * (3 * 64 * 64 + 64)


class Tied(nn.Module):
    """An embedding whose weights are those of the last layer as well."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(1000, 32)
        self.out = nn.Linear(32, 1000, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.embed(words))

    shapes: Any = (B, 7)
    parameters_by_hand = 1000 * 32
    flops_by_hand = 2 * B * 7 * 32 * 1000


class InTwoPlaces(nn.Module):
    """One block under two names, as in networks that share their first layers."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 20))
        self.right = self.left
        self.join = nn.Bilinear(20, 20, 5)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.join(self.left(x), self.right(y))

    shapes: Any = ((B, 20), (B, 20))
    parameters_by_hand = (20 * 30 + 30) + (30 * 20 + 20) + (5 * 20 * 20 + 5)
    flops_by_hand = 2 * (2 * B * (20 * 30 + 30 * 20)) + 2 * B * 5 * 20 * 20


class Recurrent(nn.Module):
    """Two layers of LSTM: four gates, each with a product by the input and one by the state."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(10, 16, num_layers=2, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Any]:
        return self.lstm(x)

    shapes: Any = (B, 9, 10)
    parameters_by_hand = (4 * 16 * (10 + 16) + 8 * 16) + (4 * 16 * (16 + 16) + 8 * 16)
    flops_by_hand = 2 * B * 9 * (4 * 16 * (10 + 16) + 4 * 16 * (16 + 16))


class Attention(nn.Module):
    """Four products by weights, and two among queries, keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(24, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, x, x, need_weights=False)[0]

    shapes: Any = (B, 11, 24)
    parameters_by_hand = 3 * 24 * 24 + 3 * 24 + 24 * 24 + 24
    flops_by_hand = 2 * B * (4 * 11 * 24 * 24 + 2 * 11 * 11 * 24)


class Separable(nn.Sequential):
    """A convolution of each channel by itself, then one of all channels at each place."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
            nn.BatchNorm2d(8),
            nn.Conv2d(8, 24, 1, stride=2),
        )

    shapes: Any = (B, 8, 12, 12)
    parameters_by_hand = (8 * 9) + (8 + 8) + (24 * 8 + 24)
    flops_by_hand = 2 * B * (12 * 12 * 8 * 9 + 6 * 6 * 24 * 8)


class Upwards(nn.Sequential):
    """A transposed convolution: every place of the input meets the whole kernel."""

    def __init__(self) -> None:
        super().__init__(nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1), nn.Conv1d(32, 2, 5))

    def forward(self, x: Tensor) -> Tensor:
        high = self[0](x)  # 3 channels of 2 * 16 rows and columns
        return self[1](high.mean(1))

    shapes: Any = (B, 6, 16, 16)
    parameters_by_hand = (6 * 3 * 16 + 3) + (2 * 32 * 5 + 2)
    flops_by_hand = 2 * B * (16 * 16 * 6 * 3 * 16 + 28 * 2 * 32 * 5)


class Outside(nn.Module):
    """Weights that no layer has, products between layers, and a cell that is called in a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(12, 6))
        self.cell = nn.GRUCell(6, 6)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        state = x[:, 0] @ self.start
        for step in range(1, 5):
            state = self.cell(x[:, step, :6], state)
        return {"last": nn.functional.linear(state, self.start)}

    shapes: Any = (B, 5, 12)
    parameters_by_hand = 12 * 6 + 3 * 6 * (6 + 6) + 2 * 3 * 6
    flops_by_hand = 2 * B * (12 * 6) + 4 * 2 * B * 3 * 6 * (6 + 6) + 2 * B * (6 * 12)


MODELS = (
    Perceptron, LeNet, Reused, Tied, InTwoPlaces, Recurrent, Attention, Separable, Upwards, Outside,
)  # fmt: skip


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_of_shapes_alone(kind: Any) -> None:
    found = summary(kind(), kind.shapes)
    assert found.source == "shapes"
    assert found.parameters == kind.parameters_by_hand
    assert found.flops == kind.flops_by_hand
    adds_up(found)


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_with_numbers_they_are_the_same(kind: Any) -> None:
    model = kind()
    several = isinstance(kind.shapes[0], tuple)
    given = tuple(torch.rand(shape) for shape in (kind.shapes if several else (kind.shapes,)))
    given = (torch.ones(kind.shapes, dtype=torch.int64),) if kind is Tied else given
    found = summary(model, given)
    assert (found.parameters, found.flops) == (kind.parameters_by_hand, kind.flops_by_hand)
    assert found.parameters == sum(each.numel() for each in model.parameters())
    assert found.repetitions > 0
    adds_up(found)


def adds_up(found: ModelSummary) -> None:
    """Rows come to the totals: each parameter in one row, what is inside in what is around it."""
    assert sum(row.counted for row in found.rows) == found.parameters
    for place, row in enumerate(found.rows):
        inside = [each for each in found.rows if each.parent == place]
        assert (row.flops or 0) >= sum(each.flops or 0 for each in inside)
        assert (row.activation_bytes or 0) >= sum(each.activation_bytes or 0 for each in inside)
        assert all(each.depth == row.depth + 1 for each in inside)


def test_a_reused_layer_is_listed_for_each_call() -> None:
    found = summary(Reused(), Reused.shapes)
    calls = found.calls_of("body")
    assert [row.call for row in calls] == [1, 2, 3]
    assert [row.counted for row in calls] == [64 * 64 + 64, 0, 0]
    assert [row.flops for row in calls] == [2 * B * 64 * 64] * 3
    assert any("body (3 times)" in note for note in found.notes)


def test_tied_weights_are_counted_once_and_that_is_said() -> None:
    found = summary(Tied(), Tied.shapes)
    assert found["out"].parameters == 32_000
    assert found["out"].counted == 0
    assert found["out"].shared == ("embed.weight",)
    assert any("32,000 parameters (embed.weight = out.weight)" in note for note in found.notes)


def test_a_block_in_two_places_is_counted_once_and_that_is_said() -> None:
    """Others have shown such networks with more parameters than they have."""
    found = summary(InTwoPlaces())
    assert found.parameters == InTwoPlaces.parameters_by_hand
    assert any("left = right" in note for note in found.notes)


def test_one_activation_for_all_blocks_is_no_block_of_its_own() -> None:
    """Three blocks of two layers with 4 × 4 + 4 parameters; others have said 160."""

    class Block(nn.Module):
        def __init__(self, activation: nn.Module) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
            self.activation = activation

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = self.activation(layer(x))
            return x

    activation = nn.ReLU()
    found = summary(nn.Sequential(*(Block(activation) for _ in range(3))), (1, 4))
    assert found.parameters == 3 * 2 * (4 * 4 + 4) == 120
    assert found["0.activation"].calls == 6
    adds_up(found)


def test_layers_whose_forward_is_called_past_them_have_their_bytes() -> None:
    """3 × 5 + 5 and 5 × 5 + 5 numbers of four bytes; others have said 120."""

    class Past(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(3, 5))
            self.last = nn.Linear(5, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.inner.forward(x))

    found = summary(Past(), (32, 3))
    assert found.parameter_bytes == 4 * (3 * 5 + 5 + 5 * 5 + 5) == 200
    assert found.flops == 2 * 32 * (3 * 5 + 5 * 5)
    assert not found.findings


def test_work_outside_of_layers_goes_to_what_is_around_it() -> None:
    found = summary(Outside(), Outside.shapes)
    layers = sum(row.flops or 0 for row in found.calls_of("cell"))
    assert (found.flops or 0) - layers == 2 * B * (12 * 6) + 2 * B * (6 * 12)
    assert found.rows[0].own == 12 * 6


def test_the_backward_pass_multiplies_twice_but_for_the_first_layer() -> None:
    found = summary(Perceptron(), torch.rand(B, 784))
    assert found["0"].flops_backward == 2 * B * 784 * 128  # by the weights alone
    assert found["2"].flops_backward == 2 * (2 * B * 128 * 10)
    assert found.flops_backward == 2 * B * 784 * 128 + 2 * (2 * B * 128 * 10)


@pytest.mark.parametrize("kind", [LeNet, Separable, Upwards], ids=lambda kind: kind.__name__)
def test_pytorch_counts_the_same(kind: Any) -> None:
    model, x = kind(), torch.rand(kind.shapes)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert summary(model, kind.shapes).flops == counter.get_total_flops()


def test_activations_count_memory_once() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(16, 2))
    for given in ((B, 8), torch.rand(B, 8)):
        found = summary(model, given)
        assert [row.activation_bytes for row in found.rows] == [
            4 * B * (16 + 2), 4 * B * 16, 0, 0, 4 * B * 2,
        ]  # fmt: skip


def test_bytes_are_those_of_the_parameters_that_are_trained() -> None:
    """Weights that are computed from parameters have no bytes of their own."""
    model = nn.utils.parametrizations.weight_norm(nn.Linear(10, 5))
    found = summary(model.half(), (B, 10))
    assert found.parameters == 5 * 10 + 5 + 5  # directions, lengths, bias
    assert found.parameter_bytes == 2 * found.parameters
    assert found.gradient_bytes == 2 * found.parameters


def test_frozen_parameters_have_no_gradients() -> None:
    model = Perceptron()
    model[0].requires_grad_(False)
    found = summary(model, Perceptron.shapes)
    assert (found.trainable, found["0"].trainable) == (128 * 10 + 10, 0)
    assert found.gradient_bytes == 4 * found.trainable
    assert found["0"].flops_backward in (None, 0)
