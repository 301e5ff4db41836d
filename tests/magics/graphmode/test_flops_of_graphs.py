"""The same model costs the same FLOPs in the graph of every framework."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
import torch

import dlmagic

tf = pytest.importorskip("tensorflow")

DENSE = {
    "export": "y = torch.relu(x @ w + b)",
    "compile:eager": "y = torch.relu(x @ w + b)",
    "jit": "y = jax.nn.relu(x @ w + b)",
    "graph": "y = tf.nn.relu(x @ w + b)",
}
CONVOLUTION = {
    "export": "y = torch.relu(torch.conv2d(x, w) + b[:, None, None])",
    "compile:eager": "y = torch.relu(torch.conv2d(x, w) + b[:, None, None])",
    "jit": "y = jax.nn.relu(jax.lax.conv(x, w, (1, 1), 'VALID') + b[:, None, None])",
    "graph": "y = tf.nn.relu(tf.nn.conv2d(x, w, 1, 'VALID') + b)",
}
ONES = {"export": torch.ones, "compile:eager": torch.ones, "jit": jnp.ones, "graph": tf.ones}


def flops(mode: str, text: str, **shapes: tuple[int, ...]) -> list[int]:
    """Of the operations that count."""
    names = {name: ONES[mode](shape) for name, shape in shapes.items()}
    modules = {"torch": torch, "jax": jax, "tf": tf}
    report = dlmagic.graphmode(text, namespace={**modules, **names}, mode=mode)
    assert report.check.agrees is True, report.check.reason
    return [node.flops for graph in report.graphs for node in graph.nodes if node.flops]


@pytest.mark.parametrize("mode", DENSE)
def test_of_a_dense_layer(mode: str) -> None:
    assert flops(mode, DENSE[mode], x=(3, 4), w=(4, 5), b=(5,)) == [2 * 3 * 4 * 5]


@pytest.mark.parametrize("mode", CONVOLUTION)
def test_of_a_convolution(mode: str) -> None:
    channels_last = mode == "graph"
    image = (2, 8, 8, 3) if channels_last else (2, 3, 8, 8)
    kernel = (3, 3, 3, 5) if channels_last else (5, 3, 3, 3)
    found = flops(mode, CONVOLUTION[mode], x=image, w=kernel, b=(5,))
    assert found == [2 * (2 * 6 * 6 * 5) * (3 * 3 * 3)]
