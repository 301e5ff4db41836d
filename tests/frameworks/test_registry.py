"""Which framework a cell computes with, and what is said when a mode does not fit."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import MissingPackageError, ModeError
from dlmagic.frameworks import registry
from dlmagic.frameworks.torch.adapter import MODES

TENSOR = torch.ones(1)


def reads_a_global():
    return TENSOR * 2


class Net(nn.Module):
    pass


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(1), nn.Linear(1, 1), [torch.ones(1)], {"deep": {"x": torch.ones(1)}},
        SimpleNamespace(model=nn.Linear(1, 1)), reads_a_global, torch, nn.functional, Net,
        torch.randn, torch.einsum, torch.utils.data.DataLoader([1]),
        torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1),
    ],
)  # fmt: skip
def test_a_cell_with_pytorch_in_it(value):
    framework, reason = registry.framework_for([3, "text", value])
    assert framework.name == "torch"
    assert reason == ""


@pytest.mark.parametrize("values", [[], [1, "a"], [np.ones(3)], [np, len], [lambda: 1]])
def test_a_cell_without_a_framework(values):
    framework, _ = registry.framework_for(values)
    assert framework.name == "python"


def test_two_frameworks_are_not_decided_between(monkeypatch):
    other = type("Tensor", (), {"__module__": "jax.array"})()
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(__version__="0"))
    framework, reason = registry.framework_for([torch.ones(1), other])
    assert framework is None
    assert "JAX and PyTorch" in reason
    assert registry.framework_for([torch, other])[1].startswith("Modes of JAX")


@pytest.mark.parametrize(
    ("mode", "package"), [("njit", "numba"), ("graph", "tensorflow"), ("jit", "jax")]
)
def test_a_mode_whose_framework_is_missing_names_the_package(monkeypatch, mode, package):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"pip install {package}"):
        registry.framework_of_mode(mode, [1])


def test_an_unknown_mode_offers_the_nearest_of_all_frameworks():
    with pytest.raises(ModeError, match="Did you mean njit"):
        registry.framework_of_mode("njjit", [1])
    with pytest.raises(ModeError, match="Did you mean compile"):
        registry.framework_of_mode("compil", [1])


def test_a_mode_of_another_framework_says_so():
    with pytest.raises(ModeError, match="for PyTorch, and this cell computes with plain Python"):
        registry.framework_of_mode("compile", [np.ones(1)])
    with pytest.raises(ModeError, match=r"for plain Python and NumPy, and this cell .* PyTorch"):
        registry.framework_of_mode("python", [torch.ones(1)])


def test_plain_fits_anything():
    for values in ([1], [torch.ones(1)]):
        assert registry.framework_of_mode("plain", values).name == "python"


def test_the_table_names_the_modes_that_the_adapter_has():
    assert tuple(mode.name for mode in MODES) == registry.TORCH_MODES


def test_nothing_is_imported_that_the_user_has_not():
    code = (
        "import sys, numpy; from dlmagic.frameworks.registry import *\n"
        "names = [f.name for f in loaded_frameworks()]\n"
        "framework_for([numpy.ones(2)])\n"
        "assert names == ['python'], names\n"
        "assert not {'torch', 'tensorflow', 'jax', 'numba'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
