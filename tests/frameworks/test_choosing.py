"""Which framework a cell computes with, and what is said when a mode does not fit."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numba
import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import MissingPackageError, ModeError
from dlmagic.frameworks import choosing, entries
from dlmagic.frameworks.numba import adapter as numba_adapter
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
    framework, reason = choosing.framework_for([3, "text", value])
    assert framework.name == "torch"
    assert reason == ""


@pytest.mark.parametrize("values", [[], [1, "a"], [np.ones(3)], [np, len], [lambda: 1]])
def test_a_cell_without_a_framework(values):
    framework, _ = choosing.framework_for(values)
    assert framework.name == "python"


def test_two_frameworks_are_not_decided_between():
    compiled = numba.njit(lambda v: v)
    framework, reason = choosing.framework_for([torch.ones(1), compiled])
    assert framework is None
    assert "PyTorch and numba" in reason
    assert choosing.framework_for([torch, compiled])[0].name == "numba"
    assert choosing.framework_for([torch.ones(1), numba])[0].name == "torch"


@pytest.mark.parametrize(
    "value",
    [
        numba.njit(lambda v: v), numba.vectorize(lambda v: v), numba.typed.List([1]),
        numba.float64, numba, {"inside": numba.njit(lambda v: v)},
    ],
)  # fmt: skip
def test_a_cell_with_numba_in_it(value):
    framework, reason = choosing.framework_for([3, np.ones(1), value])
    assert (framework.name, reason) == ("numba", "")


@pytest.mark.parametrize(
    ("mode", "packages"),
    [("njit", ["numba"]), ("graph", ["tensorflow", "keras"]), ("jit", ["jax"])],
)
def test_a_mode_whose_framework_is_missing_names_the_package(monkeypatch, mode, packages):
    monkeypatch.setattr(entries, "find_spec", lambda name: None)
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"pip install {packages[0]}"):
        choosing.framework_of_mode(mode, [1])


def test_numba_compiles_plain_python_and_numpy():
    for values in ([1], [np.ones(1)], [numba.njit(lambda v: v)]):
        assert choosing.framework_of_mode("njit", values).name == "numba"
    assert choosing.framework_of_mode("python", [np.ones(1)]).name == "python"
    assert choosing.framework_of_mode("python", [numba.typed.List([1])]).name == "numba"
    with pytest.raises(ModeError, match="for numba, and this cell computes with PyTorch"):
        choosing.framework_of_mode("njit", [torch.ones(1)])


def test_a_numba_that_cannot_be_imported_says_why(monkeypatch, tmp_path):
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text("raise ImportError('Numba needs NumPy 1')")
    monkeypatch.delitem(sys.modules, "numba")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModeError, match="numba cannot be imported: Numba needs NumPy 1"):
        choosing.framework_of_mode("njit", [1])


def test_an_unknown_mode_offers_the_nearest_of_all_frameworks():
    with pytest.raises(ModeError, match="Did you mean njit"):
        choosing.framework_of_mode("njjit", [1])
    with pytest.raises(ModeError, match="Did you mean compile"):
        choosing.framework_of_mode("compil", [1])


def test_a_mode_of_another_framework_says_so():
    with pytest.raises(ModeError, match="for PyTorch, and this cell computes with plain Python"):
        choosing.framework_of_mode("compile", [np.ones(1)])
    with pytest.raises(ModeError, match=r"for plain Python and NumPy, and this cell .* PyTorch"):
        choosing.framework_of_mode("python", [torch.ones(1)])


def test_plain_fits_anything():
    for values in ([1], [torch.ones(1)]):
        assert choosing.framework_of_mode("plain", values).name == "python"


def test_the_table_names_the_modes_that_the_adapter_has():
    assert tuple(mode.name for mode in MODES) == entries.TORCH_MODES
    assert tuple(mode.name for mode in numba_adapter.MODES) == entries.NUMBA.modes


def test_nothing_is_imported_that_the_user_has_not():
    code = (
        "import sys, numpy\n"
        "from dlmagic.frameworks.choosing import framework_for\n"
        "from dlmagic.frameworks.registry import loaded_frameworks\n"
        "names = [f.name for f in loaded_frameworks()]\n"
        "framework_for([numpy.ones(2)])\n"
        "assert names == ['python'], names\n"
        "assert not {'torch', 'tensorflow', 'jax', 'numba'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
