"""The catalogue of rewrites: what can be written instead, by what broke the graph."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlmagic.finding import Finding
from dlmagic.fixing.branches import choose_instead_of_branching
from dlmagic.fixing.edit import Edit, statement_at
from dlmagic.fixing.expressions import (
    another_module,
    clone_instead_of_deepcopy,
    keep_tensors,
    mask_instead_of_selecting,
    move_to_end,
    print_in_graph,
)


@dataclass(frozen=True)
class Dialect:
    """How one framework says things.

    Attributes:
        module: The module that holds its operations, such as ``"jax.numpy"``.
        printing: What prints from within a graph, as an attribute of the framework; empty where
            nothing does.
        template: Whether that takes a text with places for the values first.
        root: The framework's own module.
    """

    module: str
    root: str
    printing: str = ""
    template: bool = False


DIALECTS: Mapping[str, Dialect] = {
    "torch": Dialect("torch", "torch"),
    "tensorflow": Dialect("tensorflow", "tensorflow", "print"),
    "jax": Dialect("jax.numpy", "jax", "debug.print", template=True),
}


@dataclass(frozen=True)
class Candidate:
    """A rewrite that may mend what a finding is about.

    Attributes:
        text: The change in one sentence.
        edit: The change.
    """

    text: str
    edit: Edit


def candidates(
    finding: Finding, source: str, framework: str, namespace: Mapping[str, object]
) -> list[Candidate]:
    """What could be written instead of the line that a finding is about, the likeliest first.

    Args:
        finding: About a line of the cell itself.
        source: The cell as Python, with the user's line numbers.
        framework: Such as ``"torch"``.
        namespace: The notebook's, for the names under which modules are known.
    """
    dialect = DIALECTS.get(framework)
    if dialect is None or finding.line is None or finding.cell is not None:
        return []
    tree = ast.parse(source)
    statement = statement_at(tree, finding.line)
    if statement is None:
        return []
    found = _rewrites(tree, statement, dialect, namespace)
    return [Candidate(text, edit) for text, edit in found if edit is not None]


def _rewrites(
    tree: ast.Module, statement: ast.stmt, dialect: Dialect, namespace: Mapping[str, object]
) -> Iterator[tuple[str, Edit | None]]:
    operations = name_of_module(dialect.module, namespace)
    where = f"{operations}.where"
    chosen = choose_instead_of_branching(tree, statement, where)
    yield f"Compute both sides and choose with {where}.", chosen
    yield "Keep it a tensor.", keep_tensors(statement)
    yield f"Keep the shape with {where}.", mask_instead_of_selecting(statement, where)
    if dialect.root == "torch":
        yield "Use .clone().", clone_instead_of_deepcopy(statement)
    if dialect.printing:
        function = f"{name_of_module(dialect.root, namespace)}.{dialect.printing}"
        printed = print_in_graph(statement, function, template=dialect.template)
        yield f"Print with {function}, which prints when the graph runs.", printed
    if dialect.root == "jax":
        numpy = name_of_module("numpy", namespace)
        yield f"Use {operations} in place of NumPy.", another_module(statement, numpy, operations)
    if _only_speaks(statement):
        yield "Move it below what is computed.", move_to_end(tree, statement)


def name_of_module(module: str, namespace: Mapping[str, object]) -> str:
    """What the notebook calls a module: ``"tf"``; its own name where it has no other."""
    loaded = sys.modules.get(module)
    names = [name for name, value in namespace.items() if value is loaded and loaded is not None]
    return min(names, key=len, default=module)


def _only_speaks(statement: ast.stmt) -> bool:
    """Whether it is a call that stands alone and prints or logs."""
    match statement:
        case ast.Expr(ast.Call(ast.Name("print" | "display"))):
            return True
        case ast.Expr(ast.Call(ast.Attribute(_, name))):
            return name in ("debug", "info", "warning", "error", "critical", "log")
        case _:
            return False
