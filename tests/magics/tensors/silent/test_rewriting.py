"""Lines written anew, and what names lead to without running anybody's code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import pytest

from dlmagic.magics.tensors.silent.paths import values_of
from dlmagic.magics.tensors.silent.rewriting import called, expression, rewritten


def without_log(node: ast.expr) -> ast.expr | None:
    name, arguments = called(node)
    return expression("x.clamp_min(1).log()", x=arguments[0]) if name == "log" else None


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a = b.log() + 1", 1, "a = b.clamp_min(1).log() + 1"),
        ("def f(p):\n    return torch.log(p)", 2, "return p.clamp_min(1).log()"),
        ("a = b.log() + c.log()", 1, None),
        ("a = (b\n  .log())", 1, None),
        ("for a in b.log():\n    pass", 1, None),
        ("a = b.exp()", 1, None),
        ("a = b.log(); c = 1", 1, None),
        ("a = b.log(); import c", 1, None),
        ("for b in c: a = b.log()", 1, None),
        ("for b in c:\n    if b:\n        a = b.log()", 3, "a = b.clamp_min(1).log()"),
        ("a = b.log()", None, None),
    ],
)
def test_a_statement_that_is_the_line_is_changed_at_its_only_place(
    text: str, line: int | None, expected: str | None
) -> None:
    assert rewritten(ast.parse(text), line, without_log) == expected


@dataclass
class Batch:
    """An object of the user's, with an attribute that must not be asked for."""

    x: int

    @property
    def costly(self) -> int:
        raise AssertionError


def led_to(path: str, text: str, **names: Any) -> tuple[object, ...]:
    tree = ast.parse(text)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return values_of(next(n for n in nodes if ast.unparse(n) == path), tree, names)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("batch.x", (7,)),
        ("table['key']", (3,)),
        ("table['list'][1]", (5,)),
        ("table['list'][9]", ()),
        ("batch.costly", ()),
        ("batch.absent", ()),
        ("absent", ()),
        ("f().x", ()),
    ],
)
def test_names_attributes_and_indices_lead_to_what_is_stored(path: str, expected: Any) -> None:
    names = {"batch": Batch(7), "table": {"key": 3, "list": [4, 5]}}
    assert led_to(path, path, **names) == expected


def test_self_leads_to_the_objects_of_the_cells_class_and_locals_to_nothing() -> None:
    text = "class Batch:\n    def f(self, x):\n        self.x\n        x\nx"
    one, other = Batch(1), Batch(2)
    names = {"Batch": Batch, "one": one, "other": other, "x": 9}
    assert led_to("self.x", text, **names) == (1, 2)
    tree = ast.parse(text)
    inner = tree.body[0].body[0].body[1].value  # type: ignore[attr-defined]
    assert values_of(inner, tree, names) == ()
    assert values_of(tree.body[1].value, tree, names) == (9,)  # type: ignore[attr-defined]
