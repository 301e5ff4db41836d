"""Tensors as arrays, global state, limits, and what is saved beside plain tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.frameworks.torch.adapter import TorchFramework

ADAPTER = TorchFramework()


@pytest.mark.filterwarnings("ignore:Sparse", "ignore:.*deprecated")
@pytest.mark.parametrize(
    ("make", "dtype", "numpy_dtype"),
    [
        (lambda: torch.ones(2), "float32", "float32"),
        (lambda: torch.ones(2, dtype=torch.bfloat16), "bfloat16", "float32"),
        (lambda: torch.ones(2, dtype=torch.float8_e5m2), "float8_e5m2", "float32"),
        (lambda: torch.ones(2, dtype=torch.complex64).conj(), "complex64", "complex64"),
        (lambda: torch.ones(2, dtype=torch.complex64).conj().imag, "float32", "float32"),
        (lambda: torch.ones(2, requires_grad=True), "float32", "float32"),
        (lambda: torch.ones(2).to_sparse(), "float32", "float32"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8), "qint8", "float32"),
        (lambda: torch.ones(2, dtype=torch.bool), "bool", "bool"),
        (lambda: nn.Parameter(torch.ones(2)), "float32", "float32"),
    ],
)
def test_a_tensor_as_an_array(make, dtype, numpy_dtype):
    view = ADAPTER.as_array(make())
    assert (view.dtype, view.shape, view.device) == (dtype, (2,), "cpu")
    assert view.values.dtype == numpy_dtype
    assert view.values.tolist() in ([1, 1], [0, 0], [True, True])


def test_to_look_at_a_tensor_leaves_it_resizable():
    tensor = torch.ones(2)
    ADAPTER.as_array(tensor)
    assert tensor.untyped_storage().resizable()


def test_what_holds_no_numbers_is_no_array():
    assert ADAPTER.as_array(torch.ones(2, device="meta")) is None
    assert ADAPTER.as_array(nn.LazyLinear(2).weight) is None
    assert ADAPTER.as_array([1.0]) is None


def change_everything():
    torch.rand(1)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    torch.set_float32_matmul_precision("medium")
    torch.set_autocast_enabled("cpu", True)
    torch.backends.cudnn.benchmark = True
    torch.backends.mkldnn.enabled = False
    torch.backends.cuda.enable_math_sdp(False)
    nn.modules.module.register_module_forward_hook(lambda *_: None)
    torch.set_printoptions(precision=2, sci_mode=True)


def test_global_state_comes_back():
    torch.manual_seed(3)
    printed = repr(torch.tensor([1.23456]))
    saved = ADAPTER.save_ambient()
    assert not any(item.changed() for item in saved)
    change_everything()
    changed = [getattr(item, "name", "generator") for item in saved if item.changed()]
    assert len(changed) == 14
    for item in saved:
        item.restore()
    assert not any(item.changed() for item in saved)
    assert torch.rand(1).item() == torch.rand(1, generator=torch.Generator().manual_seed(3)).item()
    assert repr(torch.tensor([1.23456])) == printed


def test_saving_global_state_asks_for_no_gpu():
    ADAPTER.save_ambient()
    assert torch.cuda.is_available() or not torch.cuda.is_initialized()


def test_randomness_is_noticed():
    saved = ADAPTER.save_ambient()
    torch.ones(3).sum()
    assert not ADAPTER.uses_randomness(saved)
    torch.rand(1)
    assert ADAPTER.uses_randomness(saved)


def test_a_graph_of_an_earlier_cell_is_a_limit_only_where_it_is_freed():
    loss = (torch.ones(2, requires_grad=True) * 2).sum()
    assert "compute loss in this cell" in ADAPTER.limitation("loss", loss, "loss.backward()")
    assert ADAPTER.limitation("loss", loss, "g = torch.autograd.grad(loss, x)")
    assert ADAPTER.limitation("loss", loss, "print(loss.item())") is None
    assert ADAPTER.limitation("x", torch.ones(2, requires_grad=True), "y.backward()") is None


def test_a_loader_that_is_being_read_is_a_limit():
    loader = torch.utils.data.DataLoader([1, 2, 3])
    assert "cannot be wound back" in ADAPTER.limitation("batches", iter(loader), "next(batches)")
    assert ADAPTER.limitation("loader", loader, "for x in loader: pass") is None


def test_what_is_pytorchs():
    linear = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    for value in (torch.ones(1), linear, optimizer, scheduler, torch.Generator()):
        assert ADAPTER.owns(value)
    assert not ADAPTER.owns(np.ones(1))


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_a_scripted_module_gives_its_values_away():
    scripted = torch.jit.script(nn.Linear(2, 2))
    saved = ADAPTER.save(scripted)
    assert [name for name, _ in saved.children()] == [".weight", ".bias"]
    scripted.eval()
    assert saved.changed()
    saved.restore()
    assert scripted.training


def test_a_compiled_module_is_saved_as_the_module_inside():
    model = nn.Linear(2, 2)
    saved = ADAPTER.save(torch.compile(model, backend="eager"))
    assert list(saved.children()) == [("", model)]


def test_modules_and_optimisers_need_no_saver():
    model = nn.Linear(2, 2)
    assert ADAPTER.save(model) is None
    assert ADAPTER.save(torch.optim.SGD(model.parameters(), lr=0.1)) is None
