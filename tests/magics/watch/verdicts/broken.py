"""Training runs with a mistake, and the verdicts of which one is right."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.magics.watch.verdicts.runs import Run, adam, classify, initialised, mlp, sgd

VANISHING, EXPLODING = "vanishing-gradient", "exploding-gradient"
DEAD, SATURATION = "dead-units", "saturation"
SMALL, LARGE = "update-too-small", "update-too-large"
NOT_FINITE, CONSTANT = "not-finite", "constant-output"

BROKEN: dict[str, tuple[Callable[[], Run], set[str]]] = {}


def broken(*right: str) -> Callable[[Callable[[], Run]], Callable[[], Run]]:
    def add(make: Callable[[], Run]) -> Callable[[], Run]:
        BROKEN[make.__name__] = make, set(right)
        return make

    return add


@broken(VANISHING)
def deep_sigmoid() -> Run:
    model = mlp(nn.Sigmoid, [64] * 9)
    return classify(model, sgd(model, 0.1))


@broken(VANISHING)
def deep_plain_tanh() -> Run:
    model = mlp(nn.Tanh, [48] * 30)
    return classify(model, sgd(model, 0.05))


@broken(SATURATION)
def weights_too_large_before_tanh() -> Run:
    model = initialised(mlp(nn.Tanh, [64] * 4), 1.5)
    return classify(model, sgd(model, 0.01))


@broken(SATURATION)
def weights_too_large_before_sigmoid() -> Run:
    model = initialised(mlp(nn.Sigmoid, [64] * 3), 3.0)
    return classify(model, sgd(model, 0.01))


@broken(VANISHING)
def weights_too_small() -> Run:
    model = initialised(mlp(nn.ReLU, [64] * 5), 1e-3)
    return classify(model, sgd(model, 0.05))


@broken(EXPLODING)
def weights_too_large_in_a_deep_net() -> Run:
    model = initialised(mlp(nn.ReLU, [64] * 12), 0.6)
    return classify(model, adam(model, 1e-4))


@broken(LARGE, EXPLODING, NOT_FINITE, DEAD)
def learning_rate_of_ten() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, sgd(model, 10.0))


@broken(LARGE)
def learning_rate_of_one_with_adam() -> Run:
    model = mlp(nn.Tanh, [64, 64])
    return classify(model, adam(model, 1.0))


@broken(SMALL)
def learning_rate_of_almost_nothing() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, sgd(model, 1e-9))


@broken(SMALL)
def learning_rate_too_small_with_adam() -> Run:
    model = mlp(nn.GELU, [64, 64])
    return classify(model, adam(model, 1e-8))


@broken(DEAD)
def bias_far_below_zero() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    nn.init.constant_(model[0].bias, -10.0)
    return classify(model, sgd(model, 0.1))


@broken(DEAD, LARGE)
def one_huge_step() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    optimizer = sgd(model, 30.0)

    run = classify(model, optimizer)

    def step(number: int) -> None:
        run.step(number)
        optimizer.param_groups[0]["lr"] = 0.01

    return Run(model, step)


@broken(EXPLODING, LARGE)
def gradients_never_cleared() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, sgd(model, 0.1), clear=False)


@broken(EXPLODING, LARGE, NOT_FINITE)
def huge_inputs() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    return classify(model, sgd(model, 0.01), inputs=lambda values: values * 1e4)


@broken(SATURATION)
def huge_inputs_before_tanh() -> Run:
    model = mlp(nn.Tanh, [64, 64])
    return classify(model, sgd(model, 0.01), inputs=lambda values: values * 100)


class Recurrent(nn.Module):
    """Reads its input once, and runs on with what it has in mind."""

    def __init__(self, size: int = 32, length: int = 50, activation: str = "tanh") -> None:
        super().__init__()
        self.encoder = nn.Linear(64, size)
        self.cell = nn.RNNCell(size, size, nonlinearity=activation)
        self.head = nn.Linear(size, 10)
        self.length = length

    def forward(self, values: Tensor) -> Tensor:
        state = torch.tanh(self.encoder(values))
        nothing = torch.zeros_like(state)
        for _ in range(self.length):
            state = self.cell(nothing, state)
        return self.head(state)


@broken(VANISHING)
def vanishing_recurrent_net() -> Run:
    model = Recurrent()
    return classify(model, sgd(model, 0.05))


@broken(EXPLODING, LARGE, NOT_FINITE)
def exploding_recurrent_net() -> Run:
    model = Recurrent(activation="relu", length=40)
    with torch.no_grad():
        model.cell.weight_hh.copy_(1.4 * torch.eye(32))
    return classify(model, sgd(model, 1e-4))


@broken(EXPLODING, LARGE, NOT_FINITE)
def regression_on_huge_targets() -> Run:
    model = mlp(nn.ReLU, [64, 64])

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.mse_loss(outputs[:, 0], labels * 1e5)

    return classify(model, adam(model, 1e-3), loss=loss)


@broken(NOT_FINITE)
def logarithm_of_zero() -> Run:
    model = mlp(nn.ReLU, [64])

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.nll_loss((outputs * 400).softmax(1).log(), labels)

    return classify(model, sgd(model, 0.01), loss=loss)


class Standardised(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return (values - values.mean(0)) / values.std(0)


@broken(NOT_FINITE)
def division_by_no_deviation() -> Run:
    model = nn.Sequential(Standardised(), *mlp(nn.ReLU, [64]))
    return classify(model, sgd(model, 0.01))


class Length(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return values / (1 + values.square().sum(1, keepdim=True).sqrt())


@broken(NOT_FINITE)
def root_of_zero() -> Run:
    model = nn.Sequential(nn.Linear(64, 64), Length(), nn.Linear(64, 10))

    def inputs(values: Tensor) -> Tensor:
        return values * (values.sum(1, keepdim=True) > 20)

    model[0].bias = None
    return classify(model, sgd(model, 0.1), inputs=inputs)


class Half(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return (values.half() * 300).square().float()


@broken(NOT_FINITE)
def overflow_in_half_precision() -> Run:
    model = nn.Sequential(nn.Linear(64, 64), Half(), nn.Linear(64, 10))
    return classify(model, sgd(model, 1e-3))


class Masked(nn.Module):
    """Attention of tokens on those that are no padding; a sequence may be all padding."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, values: Tensor) -> Tensor:
        tokens = values.view(-1, 8, 8)
        padding = tokens.sum(2) < 1.5
        found, _ = self.attention(tokens, tokens, tokens, key_padding_mask=padding)
        return self.head(found.flatten(1))


@broken(NOT_FINITE)
def sequence_of_padding_only() -> Run:
    model = Masked()

    def inputs(values: Tensor) -> Tensor:
        return torch.cat([values[1:], torch.zeros(1, 64)])

    return classify(model, sgd(model, 0.05), inputs=inputs)


@broken(SATURATION, LARGE)
def tanh_driven_into_saturation() -> Run:
    model = mlp(nn.Tanh, [64, 64, 64])
    return classify(model, sgd(model, 8.0))


@broken(CONSTANT)
def normalised_over_one_value() -> Run:
    model = mlp(nn.ReLU, [64]).append(nn.Linear(10, 1)).append(nn.LayerNorm(1))

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.mse_loss(outputs[:, 0], labels.float())

    return classify(model, adam(model, 1e-3), loss=loss)


@broken(CONSTANT)
def one_channel_in_each_group() -> Run:
    """The rounding errors of its outputs look like units of the ReLU that are dead."""
    model = nn.Sequential(
        nn.Linear(64, 32), nn.GroupNorm(32, 32), nn.ReLU(), nn.Linear(32, 10)
    )  # fmt: skip
    return classify(model, adam(model, 1e-3))


@broken(LARGE, EXPLODING, NOT_FINITE)
def momentum_beyond_one() -> Run:
    model = mlp(nn.ReLU, [64, 64])
    optimizer = sgd(model, 0.05, momentum=1.02)
    return classify(model, optimizer)
