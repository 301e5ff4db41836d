"""What may be computed again, and what may not."""

from __future__ import annotations

import ast
import linecache

import numpy as np
import pytest

from dlmagic.magics.tensors.explain.computing import computation, computed
from dlmagic.magics.tensors.explain.engine import explain
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING


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
