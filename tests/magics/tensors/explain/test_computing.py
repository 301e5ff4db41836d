"""What may be computed again, and what may not."""

from __future__ import annotations

import ast
import linecache
import time

import numpy as np
import pytest
import torch

from dlmagic.magics.tensors.explain.computing import check_of, computation, computed
from dlmagic.magics.tensors.explain.engine import explain
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING
from tests.magics.tensors.explain.explained import SETUP_CELL, Case, explained


def site(**names: object) -> Site:
    """A place whose variables are these."""
    code = compile("import sys\nframe = sys._getframe()", "<place>", "exec")
    exec(code, names)
    return Site("Cell In[1]", "<place>", 1, "", names["frame"])  # type: ignore[arg-type]


def value(code: str, **names: object) -> object:
    node = ast.parse(code, mode="eval").body
    return computed(node, site(np=np, a=np.arange(6.0).reshape(2, 3), **names))


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("np.ones((3, 4))", (3, 4)),
        ("a[:, None] * 2", (2, 1, 3)),
        ("(a > 2).any(axis=1)", (2,)),
        ("np.concatenate([a, a.T.reshape(2, 3)], axis=1)", (2, 6)),
        ("np.where(a > 0, a, -a)", (2, 3)),
        ("a.astype(np.float32)", (2, 3)),
    ],
)
def test_functions_of_the_libraries_are_computed(code: str, shape: tuple[int, ...]) -> None:
    assert np.shape(value(code)) == shape  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [
        "mine(a)",
        "np.random.rand(3)",
        "np.save('file', a)",
        "np.load('file')",
        "np.ones((10**5, 10**5))",
        "np.ones((100000, 100000))",
        "np.ones((large, large))",
        "np.tile(a, (large, large))",
        "a.sort()",
        "a.tofile('file')",
        "words.append(3)",
        "words.pop()",
        "next(rows)",
        "[each for each in rows]",
        "(lambda: 3)()",
        "open('file')",
        "unknown + a",
    ],
)
def test_nothing_else_is_run(code: str) -> None:
    called: list[object] = []
    words, rows = [1, 2], iter([1, 2])
    assert value(code, mine=called.append, words=words, rows=rows, large=10**5) is MISSING
    assert (called, words, list(rows)) == ([], [1, 2], [1, 2])


@pytest.mark.parametrize("code", ["own @ a", "len(own)", "own[0]", "np.concatenate([own, own])"])
def test_operators_of_the_users_objects_are_not_called(code: str) -> None:
    called: list[str] = []

    class Own:
        def __matmul__(self, other: object) -> object:
            called.append("matmul")
            return other

        def __len__(self) -> int:
            called.append("len")
            return 3

        def __getitem__(self, index: int) -> int:
            called.append("item")
            raise IndexError

        def __getattr__(self, name: str) -> object:
            called.append(name)
            raise AttributeError

    assert value(code, own=Own()) is MISSING
    assert called == []


LARGE = {"numpy": np.zeros(1).repeat(1_000_001), "torch": torch.zeros(()).expand(2000, 2000)}
MIDDLE = {"numpy": np.zeros((2, 900_000)), "torch": torch.zeros(2, 900_000)}


@pytest.mark.parametrize("code", ["x + 1", "x * x", "x.sum()", "np.concatenate([x, x])"])
def test_large_arrays_are_not_computed_with(code: str) -> None:
    assert value(code, x=LARGE["numpy"]) is MISSING


@pytest.mark.parametrize("code", ["x + 1", "x @ x", "x.sum()", "torch.cat([x, x])", "x.relu()"])
def test_large_tensors_are_not_computed_with(code: str) -> None:
    assert value(code, x=LARGE["torch"], torch=torch) is MISSING


@pytest.mark.parametrize("code", ["x.T @ x", "x.T @ x + 1", "x[:, None] * x[..., None]"])
@pytest.mark.parametrize("library", MIDDLE)
def test_results_that_would_be_large_are_not_computed(code: str, library: str) -> None:
    start = time.perf_counter()
    assert value(code, x=MIDDLE[library]) is MISSING
    assert time.perf_counter() - start < 5


def test_what_is_too_large_is_tried_on_shapes_or_not_at_all() -> None:
    """It has not failed, which would say that the change does not help."""
    tried = {}
    for library, x in MIDDLE.items():
        check = check_of("x.T @ x", site(x=x))
        assert check is not None
        tried[library] = check()
    torch.zeros(1, device="meta") + 1  # loads what PyTorch needs to try shapes
    assert tried == {"numpy": "not tried", "torch": "shape-verified"}
    wrong = check_of("x @ x", site(x=LARGE["torch"][:, :3]))
    assert wrong is not None
    assert wrong() == "failed"


def test_what_writes_to_an_argument_writes_to_a_copy() -> None:
    a = np.zeros(3)
    found = computation("np.add(a, 1, out=a)", site(np=np, a=a))
    assert found is not None
    assert computed(ast.parse("np.add(a, 1, out=a)", mode="eval").body, site(np=np, a=a)) is not a
    assert a.tolist() == [0, 0, 0]


def test_a_value_of_an_earlier_cell_is_told_with_its_cell() -> None:
    cells = {"<cell 1>": "rows = np.ones((2, 5))\n", "<cell 2>": "rows @ np.ones((4, 3))\n"}
    names: dict[str, object] = {"np": np}
    for name, text in cells.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(cells["<cell 1>"], "<cell 1>", "exec"), names)
    with pytest.raises(ValueError, match="mismatch") as caught:
        exec(compile(cells["<cell 2>"], "<cell 2>", "exec"), names)
    found = explain(caught.value, lambda file: file[1:-1] if file in cells else None)
    assert found is not None
    assert found.notes == ("rows comes from cell 1, line 1: rows = np.ones((2, 5))",)


@pytest.mark.parametrize(
    ("setup", "line"),
    [
        ("rows, k = np.ones((2, 5)), 3", "rows @ np.ones((4, 3))"),
        ("(first, [rows, last]) = 1, (np.ones((2, 5)), 2)", "rows @ np.ones((4, 3))"),
        ("rows, last = list(np.ones((2, 2, 5)))", "rows @ np.ones((4, 3))"),
        ("*others, rows = [1, 2, np.ones((2, 5))]", "rows @ np.ones((4, 3))"),
        ("copy = rows = np.ones((2, 5))", "rows @ np.ones((4, 3))"),
    ],
)
def test_a_name_that_got_a_part_of_a_value_is_told_with_its_line(setup: str, line: str) -> None:
    found = explained(Case(f"import numpy as np\n{setup}", line, None))
    assert found is not None
    assert found.notes == (f"rows comes from {SETUP_CELL}, line 2: {setup}",)


def test_what_returns_two_values_is_not_said_to_return_none() -> None:
    setup = "import torch\nvalues, order = torch.ones(2, 5).sort()"
    found = explained(Case(setup, "values @ torch.ones(4, 3)", None))
    assert found is not None
    assert found.notes == (f"values comes from {SETUP_CELL}, line 2: {setup.splitlines()[1]}",)
