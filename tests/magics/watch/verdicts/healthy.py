"""Training runs without a mistake, of the kinds that look most like one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.magics.watch.verdicts.runs import Run, adam, batch, classify, mlp, sgd

HEALTHY: dict[str, Callable[[], Run]] = {}


def healthy(make: Callable[[], Run]) -> Callable[[], Run]:
    HEALTHY[make.__name__] = make
    return make


@healthy
def perceptron() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, sgd(model, 0.1, momentum=0.9))


@healthy
def perceptron_with_adam() -> Run:
    model = mlp(nn.ReLU, [128, 128])
    return classify(model, adam(model, 3e-3))


@healthy
def perceptron_with_a_large_rate() -> Run:
    """Nine of ten digits are told after fifty steps, though the first steps are very long."""
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, adam(model, 1e-2))


@healthy
def learned_by_heart() -> Run:
    """Its gradients become tiny, and then so do its steps."""
    model = mlp(nn.ReLU, [128])
    optimizer = sgd(model, 0.5, momentum=0.9)

    def step(number: int) -> None:
        values, labels = batch(0)
        optimizer.zero_grad()
        functional.cross_entropy(model(values), labels).backward()
        optimizer.step()

    return Run(model, step, 800)


@healthy
def regression_with_a_line_search() -> Run:
    """A step of L-BFGS is many, of which the first ones change the weights as a whole."""
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    values = torch.randn(256, 10)
    wanted = torch.sin(values[:, :1])
    optimizer = torch.optim.LBFGS(
        model.parameters(), lr=1.0, max_iter=5, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        error = functional.mse_loss(model(values), wanted)
        error.backward()
        return error

    return Run(model, lambda _: optimizer.step(loss), 60)


@healthy
def tanh_perceptron() -> Run:
    model = mlp(nn.Tanh, [64, 64])
    return classify(model, sgd(model, 0.1, momentum=0.9))


class Convolutional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16))
        self.second = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16))
        nn.init.zeros_(self.second[1].weight)  # the branch begins as nothing
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(16 * 16, 10)

    def forward(self, values: Tensor) -> Tensor:
        pictures = self.relu(self.first(values.view(-1, 1, 8, 8)))
        pictures = self.relu(pictures + self.second(pictures))
        return self.head(self.pool(pictures).flatten(1))


@healthy
def convolutional_net() -> Run:
    model = Convolutional()
    return classify(model, adam(model, 1e-3))


@healthy
def convolutional_net_with_cosine_decay() -> Run:
    model = Convolutional()
    optimizer = sgd(model, 0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 240)
    run = classify(model, optimizer)

    def step(number: int) -> None:
        run.step(number)
        schedule.step()

    return Run(model, step)


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(200, 32)
        self.places = nn.Embedding(16, 32)
        layer = nn.TransformerEncoderLayer(
            32, 4, 64, 0.1, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 200, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        values = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.layers(values, mask=mask, is_causal=True)))


@healthy
def transformer_with_warm_up() -> Run:
    model = Transformer()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    warm = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 100))

    def step(number: int) -> None:
        start = torch.randint(0, 200, (16, 1))
        tokens = (start + 3 * torch.arange(17)) % 200
        optimizer.zero_grad()
        scores = model(tokens[:, :-1])
        functional.cross_entropy(scores.reshape(-1, 200), tokens[:, 1:].reshape(-1)).backward()
        optimizer.step()
        warm.step()

    return Run(model, step, 300)


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 32)
        self.lstm = nn.LSTM(32, 64, 2, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(tokens))[0][:, -1])


@healthy
def lstm_with_clipping() -> Run:
    model = Reader()
    optimizer = adam(model, 2e-3)

    def step(number: int) -> None:
        tokens = torch.randint(0, 500, (32, 20))
        optimizer.zero_grad()
        functional.cross_entropy(model(tokens), tokens[:, -3] % 10).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return Run(model, step)


class Adversarial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh())
        self.critic = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))


@healthy
def adversarial_nets() -> Run:
    model = Adversarial()
    makes = torch.optim.Adam(model.generator.parameters(), 2e-4, betas=(0.5, 0.999))
    judges = torch.optim.Adam(model.critic.parameters(), 2e-4, betas=(0.5, 0.999))

    def step(number: int) -> None:
        real = batch(number)[0] * 2 - 1
        made = model.generator(torch.randn(64, 16))
        judges.zero_grad()
        loss = functional.softplus(-model.critic(real)) + functional.softplus(
            model.critic(made.detach())
        )
        loss.mean().backward()
        judges.step()
        makes.zero_grad()
        functional.softplus(-model.critic(made)).mean().backward()
        makes.step()

    return Run(model, step)


@healthy
def autoencoder() -> Run:
    """Most of what it draws is black: its last sigmoid is saturated, as it should be."""
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8),
        nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid(),
    )  # fmt: skip
    optimizer = adam(model, 1e-3)

    def step(number: int) -> None:
        values, _ = batch(number)
        optimizer.zero_grad()
        functional.binary_cross_entropy(model(values), values).backward()
        optimizer.step()

    return Run(model, step, 400)


class Adapted(nn.Module):
    """A frozen layer with a correction of low rank that begins as zero."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.inner = inner.requires_grad_(False)
        self.down = nn.Linear(inner.in_features, 4, bias=False)
        self.up = nn.Linear(4, inner.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, values: Tensor) -> Tensor:
        return self.inner(values) + self.up(self.down(values))


@healthy
def corrections_of_low_rank() -> Run:
    model = nn.Sequential(
        Adapted(nn.Linear(64, 64)), nn.ReLU(), Adapted(nn.Linear(64, 64)), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip
    chosen = [each for each in model.parameters() if each.requires_grad]
    return classify(model, torch.optim.AdamW(chosen, 1e-3))


@healthy
def fine_tuning_in_two_groups() -> Run:
    """The first layers learn a hundredth as fast, the very first not at all."""
    model = mlp(nn.GELU, [64, 64, 64])
    groups = [
        {"params": model[0].parameters(), "lr": 0.0},
        {"params": model[2].parameters(), "lr": 1e-5},
        {"params": [*model[4].parameters(), *model[6].parameters()], "lr": 1e-3},
    ]
    return classify(model, torch.optim.AdamW(groups))


class Deep(nn.Module):
    """Forty layers that are skipped by a connection each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64), nn.GELU()) for _ in range(20)
        )
        self.head = nn.Linear(64, 10)

    def forward(self, values: Tensor) -> Tensor:
        values = self.first(values)
        for block in self.blocks:
            values = values + block(values) / math.sqrt(20)
        return self.head(values)


@healthy
def deep_net_with_skips() -> Run:
    model = Deep()
    return classify(model, adam(model, 1e-3))
