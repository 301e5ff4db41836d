"""Models that are trained while they are watched: many small layers, convolutions, attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass
class Training:
    """A model with all that one of its steps needs.

    Attributes:
        model: In training mode.
        optimizer: Of all its parameters.
        inputs: One batch.
        targets: Classes of the batch.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    inputs: Tensor
    targets: Tensor

    def to(self, device: str) -> Training:
        """Train there from now on."""
        self.model.to(device)
        self.inputs, self.targets = self.inputs.to(device), self.targets.to(device)
        return self

    def step(self) -> None:
        """One step, as people write it."""
        self.optimizer.zero_grad()
        outputs = self.model(self.inputs)
        loss = functional.cross_entropy(outputs.flatten(0, -2), self.targets.flatten())
        loss.backward()
        self.optimizer.step()


def small_layers() -> Training:
    """150 times a Linear of 64 with a ReLU: 300 layers in which hooks cost most."""
    layers = [part for _ in range(150) for part in (nn.Linear(64, 64), nn.ReLU())]
    return _training(nn.Sequential(*layers), torch.randn(64, 64), torch.randint(64, (64,)))


def convolutions() -> Training:
    """ResNet-18 on 32 pictures of 32 x 32."""
    return _training(ResNet18(), torch.randn(32, 3, 32, 32), torch.randint(10, (32,)))


def attention() -> Training:
    """A GPT of 12 layers and 128 channels on 8 texts of 64 tokens."""
    tokens = torch.randint(256, (8, 65))
    return _training(Gpt(256, 64, width=128, layers=12, heads=4), tokens[:, :-1], tokens[:, 1:])


MODELS: dict[str, Callable[[], Training]] = {
    "300 small layers": small_layers,
    "ResNet-18": convolutions,
    "GPT of 12 layers": attention,
}


def _training(model: nn.Module, inputs: Tensor, targets: Tensor) -> Training:
    return Training(model, torch.optim.SGD(model.parameters(), lr=1e-4), inputs, targets)


class ResidualBlock(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.around: nn.Module = nn.Identity()
        if before != after:
            around = nn.Conv2d(before, after, 1, stride, bias=False)
            self.around = nn.Sequential(around, nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """Both ways, added."""
        inner = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        return self.relu(inner + self.around(x))


class ResNet18(nn.Module):
    """The network of He, Zhang, Ren and Sun (2015), with ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
        )
        widths = [64, 64, 128, 256, 512]
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    ResidualBlock(before, after, stride=1 if before == after else 2),
                    ResidualBlock(after, after, stride=1),
                )
                for before, after in pairwise(widths)
            )
        )
        self.head = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        """One score a class."""
        scores: Tensor = self.head(self.stages(self.stem(x)).mean((2, 3)))
        return scores


class Attention(nn.Module):
    """Each token looks at those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.all = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """As many tokens of the same width."""
        parts = self.all(x).chunk(3, dim=-1)
        split = (each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in parts)
        seen = functional.scaled_dot_product_attention(*split, is_causal=True)
        out: Tensor = self.out(seen.transpose(1, 2).flatten(2))
        return out


class GptLayer(nn.Module):
    """Attention, then two layers for each token."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.inner = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """As many tokens of the same width."""
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.inner(self.norm2(x))
        return out


class Gpt(nn.Module):
    """Scores of the next token, at every place."""

    def __init__(
        self, vocabulary: int, length: int, *, width: int, layers: int, heads: int
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(length, width)
        self.layers = nn.Sequential(*(GptLayer(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """One score for each token that may come next."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.places(places)
        scores: Tensor = self.head(self.norm(self.layers(x)))
        return scores
