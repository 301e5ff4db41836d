"""Operations counted by PyTorch, against the formulas written out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import flop_registry

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.torch import flops

BATCH, INPUT, HIDDEN, OUTPUT = 32, 64, 48, 10
EXACT = 1e-3


def count(bench, text, **names):
    """What a cell computes, counted twice: a count leaves nothing behind that the next sees."""
    made = bench(text, torch=torch, functional=functional, **names)
    counts = []
    for _ in range(2):
        counts.append(made.framework.count_operations(made.cell, made.arguments, made.run_once))
        made.snapshot.restore()
    assert counts[0].operations == counts[1].operations
    return counts[0]


def test_a_matrix_product(bench):
    a, b = torch.randn(30, 40), torch.randn(40, 50)
    found = count(bench, "y = a @ b", a=a, b=b)
    assert found.flops == pytest.approx(2 * 30 * 40 * 50, rel=EXACT)
    assert found.bytes_moved == 4 * (30 * 40 + 40 * 50 + 30 * 50)
    assert {(each.dtype, each.device) for each in found.operations} == {("float32", "cpu")}


@pytest.mark.parametrize(
    ("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, "same", 1), (1, 0, 3)]
)
def test_a_convolution_and_its_gradients(bench, stride, padding, groups):
    layer = nn.Conv2d(6, 12, 3, stride=stride, padding=padding, groups=groups)
    x = torch.randn(4, 6, 17, 17, requires_grad=True)
    forward = 2 * layer(x).numel() * (6 // groups) * 3 * 3
    assert count(bench, "y = layer(x)", layer=layer, x=x).flops == pytest.approx(forward, rel=EXACT)
    trained = count(bench, "layer(x).sum().backward()", layer=layer, x=x)
    assert trained.flops == pytest.approx(3 * forward, rel=EXACT)


def test_a_transposed_convolution_and_its_gradients(bench):
    layer, x = nn.ConvTranspose2d(6, 4, 3, stride=2), torch.randn(2, 6, 9, 9, requires_grad=True)
    forward = 2 * x.numel() * 4 * 3 * 3
    trained = count(bench, "layer(x).sum().backward()", layer=layer, x=x)
    assert trained.flops == pytest.approx(3 * forward, rel=EXACT)


@pytest.mark.parametrize("causal", [False, True])
def test_attention(bench, causal):
    q, k, v = (torch.randn(2, 4, 24, 16) for _ in range(3))
    cell = f"y = functional.scaled_dot_product_attention(q, k, v, is_causal={causal})"
    formula = 2 * 2 * 4 * 24 * 24 * 16 * 2
    assert count(bench, cell, q=q, k=k, v=v).flops == pytest.approx(formula, rel=EXACT)


def test_attention_written_out_counts_the_same(bench):
    q, k, v = (torch.randn(2, 4, 24, 16) for _ in range(3))
    cell = "y = torch.softmax(q @ k.transpose(-1, -2), -1) @ v"
    assert count(bench, cell, q=q, k=k, v=v).flops == 2 * 2 * 4 * 24 * 24 * 16 * 2


STEP = """optimizer.zero_grad()
loss = model(x).square().mean()
loss.backward()
optimizer.step()
"""


def mlp():
    return nn.Sequential(nn.Linear(INPUT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, OUTPUT))


def training_flops():
    """Forward; the gradient by each weight; that by the input of the second layer alone."""
    first, second = 2 * BATCH * INPUT * HIDDEN, 2 * BATCH * HIDDEN * OUTPUT
    return 2 * first + 3 * second


def test_a_training_step(bench):
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters())
    found = count(bench, STEP, model=model, optimizer=optimizer, x=torch.randn(BATCH, INPUT))
    assert found.flops == pytest.approx(training_flops(), rel=EXACT)


def test_a_compiled_model_is_counted_eagerly_and_not_compiled(bench):
    calls = []

    def backend(graph, inputs):
        calls.append(graph)
        return graph

    model = torch.compile(mlp(), backend=backend)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    found = count(bench, STEP, model=model, optimizer=optimizer, x=torch.randn(BATCH, INPUT))
    assert found.flops == pytest.approx(training_flops(), rel=EXACT)
    assert calls == []


def test_the_type_is_the_one_that_is_computed_with(bench):
    x, layer = torch.randn(8, 16), nn.Linear(16, 4)
    cell = "with torch.autocast('cpu', torch.bfloat16):\n    y = layer(x)"
    found = count(bench, cell, x=x, layer=layer)
    assert {each.dtype for each in found.operations} == {"bfloat16"}
    assert found.flops == 2 * 8 * 16 * 4


@pytest.mark.parametrize(
    ("cell", "formula"),
    [
        ("y = a @ v", 2 * 6 * 8),
        ("y = torch.dot(v, v)", 2 * 8),
        ("y = torch.addmv(u, a, v)", 2 * 6 * 8),
        ("y = torch.einsum('ij,kj->ik', a, a)", 2 * 6 * 6 * 8),
        ("y = functional.bilinear(a, a, w)", 2 * 6 * 8 * 8 * 3),
        ("y = a + 1", 0),
    ],
)
def test_products_with_vectors_and_others(bench, cell, formula):
    names = {"a": torch.randn(6, 8), "v": torch.randn(8), "u": torch.randn(6)}
    assert count(bench, cell, **names, w=torch.randn(3, 8, 8)).flops == formula


def test_a_recurrent_layer_counts_as_its_products(bench):
    steps, batch, width, hidden = 5, 3, 16, 32
    layer, x = nn.LSTM(width, hidden), torch.randn(steps, batch, width)
    formula = 2 * steps * batch * 4 * hidden * (width + hidden)
    assert count(bench, "y = layer(x)[0]", layer=layer, x=x).flops == formula
    assert torch.backends.mkldnn.enabled


def test_a_transformer_without_gradients_counts_as_its_products(bench):
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True).eval()
    x = torch.randn(2, 5, 16)
    tokens, heads = 2 * 5, 4
    projections = 2 * tokens * 16 * (4 * 16 + 2 * 32)
    attention = 2 * 2 * 2 * heads * 5 * 5 * 4
    cell = "with torch.no_grad():\n    y = layer(x)"
    assert count(bench, cell, layer=layer, x=x).flops == projections + attention
    assert torch.backends.mha.get_fastpath_enabled()


def test_one_formula_alone_is_in_place_of_pytorchs_own():
    both = flop_registry.keys() & flops.formulas().keys()
    assert both == {torch.ops.aten.convolution_backward}


def test_settings_are_as_before_where_the_cell_fails(bench):
    made = bench("y = x @ x", x=torch.randn(3, 4))
    with pytest.raises(RuntimeError):
        made.framework.count_operations(made.cell, made.arguments, made.run_once)
    assert torch.backends.mkldnn.enabled
    assert torch.backends.mha.get_fastpath_enabled()


def test_sparse_products_are_not_guessed(bench):
    made = bench("y = s @ x", s=torch.eye(8).to_sparse(), x=torch.ones(8, 4))
    found = made.framework.count_operations(made.cell, made.arguments, made.run_once)
    assert isinstance(found, Reason)
    assert "sparse" in str(found)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace")
def test_a_scripted_module_counts_as_a_module(bench):
    model = nn.Linear(INPUT, OUTPUT)
    x = torch.ones(BATCH, INPUT)
    module = torch.jit.trace(model, x)
    assert count(bench, "y = module(x)", module=module, x=x).flops == 2 * BATCH * INPUT * OUTPUT
