"""Autograd graphs of real models against a walk of their own, and gradients against hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import dlmagic
from dlmagic.magics.graphmode.autograd.result import AutogradGraph


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * 2


class Tied(nn.Module):
    """Two layers that share a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
        self.two.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one(x).tanh())


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x).relu()


def leaf(*shape: int) -> Tensor:
    return torch.randn(shape).requires_grad_()


X = torch.randn(2, 4)
FROZEN = nn.Linear(4, 4).requires_grad_(False)
IMAGE = torch.randn(2, 3, 8, 8)


def made_in_place() -> Tensor:
    y = leaf(3) * 2
    y.add_(1)
    y[0] = 0
    return y.sum()


def with_views() -> Tensor:
    a = leaf(4, 4)
    return (a.view(16)[2:10].reshape(2, 4).t() @ a[:2]).sum()


def gradient_of_gradient() -> Tensor:
    x = leaf(3)
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    return first.square().sum()


def twice_the_same() -> Tensor:
    a = leaf(3)
    return (a * a + a).sum()


def many_outputs() -> Tensor:
    a, b = leaf(6).split(3)
    values, _ = torch.sort(a)
    return (values * b).sum() + torch.stack([a, b]).unbind(0)[1].sum()


def of_model(model: nn.Module, x: Tensor = X) -> Callable[[], Tensor]:
    def make() -> Tensor:
        out = model(x)
        out = out[0] if isinstance(out, tuple) else out
        return out.square().mean()

    return make


MODELS: dict[str, Callable[[], Tensor]] = {
    "a product": lambda: leaf() * (leaf() + leaf()),
    "an own function": lambda: Double.apply(leaf(3)).sum(),
    "own functions in a row": lambda: Double.apply(Double.apply(leaf(3)) + 1).sum(),
    "in place": made_in_place,
    "views": with_views,
    "a gradient of a gradient": gradient_of_gradient,
    "the same leaf twice": twice_the_same,
    "operations with many outputs": many_outputs,
    "shared weights": of_model(Tied()),
    "a residual": of_model(Residual()),
    "a linear layer": of_model(nn.Linear(4, 2)),
    "no bias": of_model(nn.Linear(4, 2, bias=False)),
    "layers": of_model(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))),
    "gelu": of_model(nn.Sequential(nn.Linear(4, 4), nn.GELU())),
    "a frozen layer": of_model(
        nn.Sequential(nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 1))
    ),
    "dropout": of_model(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))),
    "layer normalisation": of_model(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))),
    "batch normalisation": of_model(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))),
    "group normalisation": of_model(nn.GroupNorm(1, 3), IMAGE),
    "a convolution": of_model(nn.Conv2d(3, 2, 3), IMAGE),
    "pooling": of_model(nn.Sequential(nn.Conv2d(3, 2, 3), nn.MaxPool2d(2)), IMAGE),
    "a transposed convolution": of_model(nn.ConvTranspose2d(3, 2, 2), IMAGE),
    "an embedding": of_model(nn.Embedding(5, 4), torch.tensor([0, 3])),
    "a recurrent layer": of_model(nn.RNN(4, 3, batch_first=True), X[None]),
    "an LSTM": of_model(nn.LSTM(4, 3, batch_first=True), X[None]),
    "a GRU cell": lambda: nn.GRUCell(4, 3)(X, leaf(2, 3)).sum(),
    "attention": lambda: nn.MultiheadAttention(4, 2)(X, X, X)[0].sum(),
    "a transformer layer": of_model(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), X[None]),
    "cross entropy": lambda: nn.functional.cross_entropy(leaf(3, 4), torch.tensor([0, 1, 2])),
    "a matrix inverse": lambda: torch.linalg.inv(leaf(3, 3) + 5 * torch.eye(3)).sum(),
    "an einsum": lambda: torch.einsum("ij,jk->ik", leaf(2, 3), leaf(3, 2)).sum(),
    "a complex number": lambda: torch.view_as_complex(leaf(3, 2)).abs().sum(),
    "a checkpoint": lambda: torch.utils.checkpoint.checkpoint(
        nn.Linear(4, 4), X.clone().requires_grad_(), use_reentrant=False
    ).sum(),
}


def drawn(make: Callable[[], Tensor]) -> tuple[Tensor, AutogradGraph]:
    """A tensor and its graph, drawn after the fact."""
    torch.manual_seed(0)
    tensor = make()
    return tensor, dlmagic.autograd(tensor, namespace={"result": tensor})


def walked(tensor: Tensor) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Every node and every edge by class, found by following each edge there is."""
    nodes: dict[int, Any] = {}
    edges: Counter[tuple[str, str]] = Counter()
    waiting = [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in nodes:
            continue
        nodes[id(node)] = node
        for child, _ in node.next_functions:
            if child is not None:
                edges[kind(child), kind(node)] += 1
                waiting.append(child)
    return Counter(kind(node) for node in nodes.values()), edges


def kind(node: Any) -> str:
    name = str(node.name()).rpartition("::")[2]
    return "leaf" if name == "AccumulateGrad" else name.partition("Backward")[0] or name


@pytest.mark.parametrize("name", MODELS)
def test_nodes_and_edges_are_those_of_a_plain_walk(name: str) -> None:
    tensor, graph = drawn(MODELS[name])
    nodes, edges = walked(tensor)
    assert Counter(node.op for node in graph.nodes) == nodes
    ops = {node.name: node.op for node in graph.nodes}
    assert Counter((ops[a], ops[b]) for a, b in graph.edges) == edges
    order = [node.name for node in graph.nodes]
    assert all(order.index(a) < order.index(b) for a, b in graph.edges)
    assert len(graph.leaves) == nodes["leaf"]


CELL = "result = make()"


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_that_backward_gives(name: str) -> None:
    """The cell's graph, then an ordinary backward pass with hooks on the leaves."""
    torch.manual_seed(0)
    names: dict[str, Any] = {"make": MODELS[name]}
    graph = dlmagic.autograd(CELL, namespace=names)
    result: Tensor = names["result"]
    leaves = accumulating(result)
    assert all(leaf.grad is None for leaf in leaves), "drawing changes no .grad"
    result.backward()
    wanted = sorted(float(leaf.grad.abs().max()) for leaf in leaves if leaf.grad is not None)
    found = sorted(
        graph[name].gradient.largest  # type: ignore[union-attr, type-var]
        for name in graph.leaves
        if graph[name].gradient is not None
    )
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-12)
    assert len(found) == len(wanted)


def accumulating(tensor: Tensor) -> list[Tensor]:
    found: dict[int, Tensor] = {}
    seen: dict[int, Any] = {}  # the nodes, so that no other gets the number of one that is gone
    waiting = [tensor.grad_fn]
    while waiting:
        node: Any = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen[id(node)] = node
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        waiting += [child for child, _ in node.next_functions]
    return [leaf for leaf in found.values() if leaf.requires_grad]


def test_there_are_thirty_models() -> None:
    assert len(MODELS) >= 30
