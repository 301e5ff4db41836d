"""Which of the notebook's names a function reads and writes."""

from __future__ import annotations

import ast
from types import FunctionType

import pytest

from dlmagic.cell import global_names
from tests.cell.cells import namespace_of


@pytest.mark.parametrize(
    ("text", "loads", "stores"),
    [
        ("def f(a): return a + b", {"b"}, set()),
        ("def f():\n    global g\n    g = h", {"h"}, {"g"}),
        ("def f():\n    def inner(): return deep\n    return inner", {"deep"}, set()),
        ("lambda a, b=c: a + d", {"d"}, set()),
        ("(x * k for x in data)", {"k"}, set()),
        ("class C:\n    def m(self): return y", {"y"}, set()),
        ("def f(a):\n    a = 1\n    return a", set(), set()),
        ("def f():\n    global g\n    del g", set(), {"g"}),
    ],
)
def test_names_of_a_node(text: str, loads: set[str], stores: set[str]) -> None:
    statement = ast.parse(text).body[0]
    node = statement.value if isinstance(statement, ast.Expr) else statement
    found = global_names.of_node(node)
    assert found.loads >= loads
    assert found.loads - loads <= {"__name__", "__module__", "__qualname__"}
    assert found.stores == stores


@pytest.mark.parametrize(
    "setup",
    [
        "def f(): return hidden",
        "kept = [lambda: hidden]",
        "class C:\n    def method(self): return hidden",
        "def outer():\n    def inner(): return hidden\n    return inner\nkept = {'a': outer()}",
        "import functools\nkept = functools.partial(lambda: hidden)",
    ],
)
def test_living_functions_are_found_wherever_they_are_kept(setup: str) -> None:
    namespace = namespace_of(setup)
    assert "hidden" in global_names.of_namespace(namespace).loads


def test_functions_of_other_modules_do_not_count() -> None:
    other = namespace_of("def f(): return hidden")
    namespace = namespace_of(f=other["f"])
    assert "hidden" not in global_names.of_namespace(namespace).loads


def test_helpers_are_followed_by_name() -> None:
    namespace = namespace_of(
        """
        def first(): return second()
        def second(): return 1
        def unused(): return 2
        """
    )
    found = {function.__name__ for function in global_names.helpers_of(["first"], namespace)}
    assert found == {"first", "second"}


def test_union_joins_both_kinds() -> None:
    parts = [
        global_names.GlobalNames(frozenset("a"), frozenset("b")),
        global_names.GlobalNames(frozenset("c")),
    ]
    assert global_names.union(parts) == global_names.GlobalNames(frozenset("ac"), frozenset("b"))


def test_a_cell_that_has_run_and_is_kept_by_its_error_reads_nothing_any_more() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    code = compile("hidden = 1\nprint(hidden)", "<cell>", "exec")
    kept = FunctionType(code, namespace)
    assert "hidden" not in global_names.of_namespace(namespace).loads
    assert kept.__globals__ is namespace
