"""Examples in the help of each magic: they parse, and where that is cheap they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell.extension import ROOMS
from dlmagic.shell.options import parse
from tests.devices.conftest import libraries, machine
from tests.devices.double.boards import Board
from tests.devices.double.machine import Machine
from tests.magics.gpus.conftest import outside_of_containers, stand_in
from tests.magics.gpus.pick.conftest import leases

__all__ = ["leases", "libraries", "machine", "outside_of_containers", "stand_in"]

CELL = "loss = nn.functional.cross_entropy(model(x[:n].flatten(1)), y[:n])"
USED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        return self.encoder(x)

torch.manual_seed(0)
n, net = 8, Net()
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 4))
x, y = torch.randn(16, 28, 28), torch.randint(0, 4, (16,))
a = b = torch.ones(4, 4)
error = ValueError("kept")
loss = nn.functional.cross_entropy(model(x), y)
"""
"""What the examples name."""

SLOW = {
    "%%dlbench --modes eager,compile,trace": "compiling takes most of a minute",
    "%dlbench torch.mm(a, b)": "it compiles, too",
    "%%graphmode": "compiling takes most of a minute",
}
"""Examples that are parsed alone, and why."""


def methods() -> Iterator[tuple[str, Any]]:
    """Each magic by its name."""
    for room in ROOMS:
        module, _, name = room.partition(":")
        found = getattr(import_module(module), name)
        for table in found.magics.values():
            yield from ((magic, getattr(found, method)) for magic, method in table.items())


EXAMPLES = [
    (example.strip(), method)
    for method in dict(methods()).values()
    for example in method.parser.epilog.splitlines()[1:]
]


@pytest.fixture
def notebook(shell: InteractiveShell, machine: Callable[..., Machine]) -> InteractiveShell:
    """What the examples use, and eight GPUs; examples end what others have begun."""
    pytest.importorskip("torch")
    machine(*[Board() for _ in range(8)])
    shell.run_line_magic("load_ext", "dlmagic")
    assert shell.run_cell(USED).success
    return shell


def test_each_example_is_one_of_its_own_magic() -> None:
    assert len(EXAMPLES) >= 20
    for example, method in EXAMPLES:
        assert example.lstrip("%").startswith(method.__name__)
    assert {example for example, _ in EXAMPLES} >= set(SLOW)


@pytest.mark.parametrize(("example", "method"), EXAMPLES, ids=[each for each, _ in EXAMPLES])
def test_an_example_parses(example: str, method: Any) -> None:
    assert parse(method, example.partition(" ")[2]) is not None


@pytest.mark.parametrize("example", [each for each, _ in EXAMPLES if each not in SLOW])
def test_an_example_runs(
    example: str, notebook: InteractiveShell, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {"%unwatch": "%watch net", "%explain": "x @ a"}
    notebook.run_cell(before.get(example.partition(" ")[0], ""))
    done = notebook.run_cell(f"{example}\n{CELL}" if example.startswith("%%") else example)
    assert done.success, done.error_in_exec
    notebook.run_cell("%unwatch" if "%watch" in example else "")
    notebook.run_line_magic("unload_ext", "dlmagic")
