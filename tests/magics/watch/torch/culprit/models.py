"""Models with places at which something can be made to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

Inline = Callable[[Tensor], Tensor] | None


class Spot(nn.Module):
    """A layer that passes its input on, but for what is done to it at one time of a step."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0
        self.fault: Inline = None
        self.when = 0

    def forward(self, values: Tensor) -> Tensor:
        if self.fault is not None and self.time == self.when:
            return self.fault(values)
        return values


@dataclass
class Answer:
    """An output with attributes, as those of Hugging Face."""

    scores: Tensor
    hidden: tuple[Tensor, ...]
    loss: Tensor | None = None


class Perceptron(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Linear(12, 16), Spot(), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 16), Spot(),
            nn.GELU(), nn.LayerNorm(16), Spot(), nn.Linear(16, 4),
        )  # fmt: skip


class Block(nn.Module):
    """A branch beside a connection that skips it; what is done in its own code is no layer's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.spot = Spot()
        self.relu = nn.ReLU(inplace=True)
        self.inline: Inline = None

    def forward(self, values: Tensor) -> Tensor:
        branch = self.norm(self.convolution(values))
        if self.inline is not None:
            branch = self.inline(branch)
        return self.relu(values + self.spot(branch))


class Residual(nn.Module):
    """A convolutional net that answers with a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, 8, 3, padding=1)
        self.blocks = nn.ModuleList(Block(8) for _ in range(3))
        self.spot = Spot()
        self.head = nn.Linear(8, 4)

    def forward(self, values: Tensor) -> dict[str, Tensor]:
        values = self.stem(values[:, None])
        for block in self.blocks:
            values = block(values)
        features = self.spot(values).mean(2)
        return {"features": features, "scores": self.head(features)}


class Recurrent(nn.Module):
    """Calls its cell and a spot once for each of twelve numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(1, 16)
        self.spot = Spot()
        self.head = nn.Linear(16, 4)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        state = values.new_zeros(len(values), 16)
        for time in range(12):
            self.spot.time = time
            state = self.spot(self.cell(values[:, time, None], state))
        return self.head(state), state


class Attention(nn.Module):
    """Sees no later token: the infinities of its mask are meant."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.into = nn.Linear(16, 48)
        self.spot = Spot()
        self.out = nn.Linear(16, 16)
        mask = torch.full((12, 12), float("-inf")).triu(1)
        self.register_buffer("mask", mask)
        self.inline: Inline = None

    def forward(self, values: Tensor) -> Tensor:
        queries, keys, found = self.into(self.norm(values)).chunk(3, -1)
        scores = queries @ keys.transpose(1, 2) / 4 + self.mask
        if self.inline is not None:
            scores = self.inline(scores)
        return values + self.out(self.spot(scores.softmax(-1) @ found))


class Transformer(nn.Module):
    """Computes its loss itself, and answers with a dataclass."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(1, 16)
        self.blocks = nn.Sequential(Attention(), nn.Sequential(nn.Dropout(0.1), Attention()))
        self.spot = Spot()
        self.head = nn.Linear(16, 4)

    def forward(self, values: Tensor, labels: Tensor) -> Answer:
        hidden = self.blocks(self.into(values[:, :, None]))
        scores = self.head(self.spot(hidden).mean(1))
        return Answer(scores, (hidden,), functional.cross_entropy(scores, labels))


MODELS = (Perceptron, Residual, Recurrent, Transformer)
