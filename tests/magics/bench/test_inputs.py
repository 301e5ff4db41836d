"""What a cell reads, described alike in every process and otherwise as soon as it changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.bench.baseline_result import Input
from dlmagic.magics.bench.fingerprint import Fingerprint, Reading
from dlmagic.magics.bench.inputs import changes, describe, same

Names = dict[str, object]


def notebook(code: str, **names: object) -> Names:
    """A namespace after a cell."""
    namespace: Names = {"__name__": "__main__", "np": np, "torch": torch, "nn": nn, **names}
    exec(textwrap.dedent(code), namespace)
    return namespace


def described(namespace: Names, *names: str) -> dict[str, Input]:
    inputs = describe(names, namespace, loaded_frameworks())
    return {each.name: each for each in inputs}


def told(before: str, after: str, name: str = "x") -> tuple[str, ...]:
    then, now = (described(notebook(code), name) for code in (before, after))
    return changes(then, now, same_setup=True)


MODEL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear({width}, 2)
        self.slope = {slope}
    def forward(self, x):
        return {body}
torch.manual_seed({seed})
x = Net()
"""


def model(width: int = 3, slope: float = 0.1, body: str = "self.layer(x)", seed: int = 0) -> str:
    return MODEL.format(width=width, slope=slope, body=body, seed=seed)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("x = 1", "x = 2", "x is 2 here, and was 1."),
        ("x = 'a'", "x = 'b'", "x is 'b' here, and was 'a'."),
        ("x = 1", "x = 1.0", "x is a float here, and was an int."),
        ("x = [1, 2]", "x = [1, 2, 3]", "x has length 3 here, and had 2."),
        ("x = [1, 2]", "x = [1, 3]", "x holds other values than then."),
        ("x = {'lr': 0.1}", "x = {'lr': 0.2}", "x holds other values than then."),
        ("x = {'lr': 0.1}", "x = {'rl': 0.1}", "x is made otherwise"),
        ("x = {1, 2}", "x = {1, 3}", "x holds other values"),
        ("x = np.ones(3)", "x = np.ones((3, 1))", r"x has shape \(3, 1\) here, and had \(3,\)."),
        ("x = np.ones(3)", "x = np.ones(3, 'f4')", "x has dtype float32 here, and had float64."),
        ("x = np.ones(3)", "x = np.zeros(3)", "x holds other values"),
        ("x = torch.ones(2, 3)", "x = torch.ones(2, 4)", r"x has shape \(2, 4\) here"),
        ("x = torch.ones(4, 4)", "x = torch.ones(4, 4).T", "x is made otherwise"),
        ("x = torch.rand(2, 3)", "x = torch.rand(3, 2).T", "x is made otherwise"),
        ("x = torch.ones(2)", "x = torch.ones(2).int()", "x has dtype int32 here"),
        ("def x(): return 1", "def x(): return 2", "The code of x, or of what it uses"),
        ("def x(a=1): return a", "def x(a=2): return a", "x holds other values"),
        ("k = 1\ndef x(): return k", "k = 2\ndef x(): return k", "x holds other values"),
        (
            "def y(): return 1\ndef x(): return y()",
            "def y(): return 2\ndef x(): return y()",
            "The code of x, or of what it uses",
        ),
        (model(), model(seed=1), "x holds other values"),
        (model(), model() + "x.slope = 0.2", "x holds other values"),
        (model(), model(width=4), "x is made otherwise"),
        (model(), model(body="self.layer(x) * 2"), "x is made otherwise"),
    ],
)
def test_a_change_is_told(before: str, after: str, words: str) -> None:
    (sentence,) = told(before, after)
    assert re.search(words, sentence), sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = [1, 'a', None, (2.0,)]", "x = [1, 'a', None, (2.0,)]"),
        ("def x(a):\n    return a + 1", "\n\n\ndef x(a):\n    # a remark\n    return a + 1"),
        (model(), "\n" + model()),
        ("x = {'c', 'a', 'b'}", "x = {'b', 'a', 'c'}"),
        ("x = np.arange(9.0)[::2]", "x = np.arange(9.0)[::2]"),
        ("x = lambda a: {'p', 'q', 'r'} & a", "x = lambda a: {'p', 'q', 'r'} & a"),
    ],
)
def test_what_is_the_same_is_not_told(before: str, after: str) -> None:
    assert told(before, after) == ()


def test_names_come_and_go() -> None:
    then, now = described(notebook("x = 1"), "x"), described(notebook("y = 1"), "y")
    assert changes(then, now, same_setup=True) == (
        "y is read now, and was not then.",
        "x was read then, and is not now.",
    )


def test_many_changes_are_counted() -> None:
    then, now = (
        {f"x{k}": Input(f"x{k}", "int", text=str(k + d), form=str(d)) for k in range(9)}
        for d in (0, 1)
    )
    told = changes(then, now, same_setup=True)
    assert len(told) == 5
    assert told[-1] == "And 5 more inputs differ."


def test_random_numbers_of_one_set_up_may_differ() -> None:
    then, now = (Input("x", "Tensor", form="f", content=c, from_setup=True) for c in "ab")
    assert same(then, now, same_setup=True)
    assert not same(then, now, same_setup=False)
    assert not same(then, Input("x", "Tensor", form="g", from_setup=True), same_setup=True)
    assert not same(then, None, same_setup=True)


IN_ANOTHER_PROCESS = """
import sys, numpy as np, torch
from torch import nn
from tests.magics.bench.test_inputs import described, model, notebook
code = model() + '''
words = {'alpha', 'beta', 'gamma', 'delta'}
def helper(a):
    return first(a) + second(a) + a.sum() if a in {'u', 'v', 'w'} else words
def first(a): return shared
def second(a): return shared
shared = torch.arange(6.0)
optimizer = torch.optim.Adam(x.parameters())
'''
names = notebook(code)
print([(i.form, i.content) for i in described(names, 'x', 'words', 'helper', 'optimizer').values()])
"""


def test_every_process_computes_the_same() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert len(found.pop()) > 100


def test_looking_changes_nothing() -> None:
    namespace = notebook(model() + "opt = torch.optim.SGD(x.parameters())\ny = np.ones(3)")
    before = {name: id(value) for name, value in namespace.items()}
    versions = [p._version for p in namespace["x"].parameters()]  # type: ignore[attr-defined]
    state = torch.get_rng_state()
    described(namespace, "x", "opt", "y")
    assert {name: id(value) for name, value in namespace.items()} == before
    assert [p._version for p in namespace["x"].parameters()] == versions  # type: ignore[attr-defined]
    assert torch.equal(torch.get_rng_state(), state)


def test_an_array_that_is_too_large_counts_by_its_shape() -> None:
    digests = [
        Fingerprint({"x": value}, loaded_frameworks(), Reading(left=10)).take("x")
        for value in (np.zeros(100), np.ones(100), np.ones(101))
    ]
    assert digests[0] == digests[1]
    assert digests[1][0] != digests[2][0]


def test_the_users_own_module_is_read_and_an_installed_one_is_not(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    take = _taking(tmp_path, monkeypatch)
    assert take("def step(): return 1") != take("def step(): return 2")
    assert described({"x": torch}, "x") == described({"x": torch}, "x")


def _taking(folder: object, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Input]:
    def take(text: str) -> Input:
        path = f"{folder}/own_module_of_a_user.py"
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        module = ModuleType("own_module_of_a_user")
        module.__file__ = path
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return described({"__name__": "__main__", "x": module}, "x")["x"]

    return take


def test_what_cannot_be_read_is_described_all_the_same() -> None:
    meta = torch.ones(3, device="meta")
    sparse = torch.eye(3).to_sparse()
    found = described({"x": meta, "y": sparse, "z": iter([1])}, "x", "y", "z")
    assert set(found) == {"x", "y", "z"}
