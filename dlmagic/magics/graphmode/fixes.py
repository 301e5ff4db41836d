"""The catalogue of rewrites: what can be written instead, by what broke the graph."""

from __future__ import annotations

import ast
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
    print_in_graph,
)
from dlmagic.fixing.logs import LEVELS, print_instead_of_logging
from dlmagic.fixing.loops import loop_over_parts
from dlmagic.fixing.moving import move_to_end
from dlmagic.magics.graphmode.dialects import DIALECTS, Dialect, name_of_module


@dataclass(frozen=True)
class Candidate:
    """A rewrite that may mend what a finding is about.

    Attributes:
        text: The change in one sentence.
        edit: The change.
    """

    text: str
    edit: Edit

    @property
    def code(self) -> str | None:
        """What is written in place of the line; None where it only moves."""
        return self.edit.code or None


def candidates(
    finding: Finding, source: str, framework: str, namespace: Mapping[str, object]
) -> list[Candidate]:
    """What could be written instead of the line that a finding is about, the likeliest first.

    Args:
        finding: About a line of the source.
        source: The cell, or another one that it calls, as Python with the user's line numbers.
        framework: Such as ``"torch"``.
        namespace: The notebook's, for the names under which modules are known.
    """
    dialect = DIALECTS.get(framework)
    if dialect is None or finding.line is None:
        return []
    tree = ast.parse(source)
    statement = statement_at(tree, finding.line)
    if statement is None:
        return []
    found = (
        *_rewrites(tree, statement, dialect, namespace),
        *_of_one_framework(tree, statement, finding.line, dialect, namespace),
        *_moves(tree, statement),
    )
    return [Candidate(text, edit) for text, edit in found if edit is not None]


_Found = Iterator[tuple[str, Edit | None]]


def _rewrites(
    tree: ast.Module, statement: ast.stmt, dialect: Dialect, namespace: Mapping[str, object]
) -> _Found:
    where = f"{name_of_module(dialect.module, namespace)}.where"
    chosen = choose_instead_of_branching(tree, statement, where)
    yield f"Compute both sides and choose with {where}.", chosen
    yield from _kept_tensors(statement, dialect, namespace)
    yield f"Keep the shape with {where}.", mask_instead_of_selecting(statement, where)
    if dialect.printing:
        root = name_of_module(dialect.root, namespace)
        function = f"{root}.{dialect.printing}"
        formatting = f"{root}.{dialect.formatting}" if dialect.formatting else ""
        text = f"Print with {function}, which prints when the graph runs."
        yield text, print_in_graph(statement, function, template=dialect.template)
        yield text, print_instead_of_logging(statement, function, formatting)


def _kept_tensors(statement: ast.stmt, dialect: Dialect, namespace: Mapping[str, object]) -> _Found:
    if dialect.root != "torch":  # there, whoever collects the tensor would keep its graph alive
        yield "Keep it a tensor.", keep_tensors(statement)
    cut = dialect.cut.format("{0}", name_of_module(dialect.root, namespace))
    yield "Keep it a tensor, without its gradient.", keep_tensors(statement, cut)


def _of_one_framework(
    tree: ast.Module,
    statement: ast.stmt,
    line: int,
    dialect: Dialect,
    namespace: Mapping[str, object],
) -> _Found:
    if dialect.root == "torch":
        yield "Use .clone().", clone_instead_of_deepcopy(statement)
    if dialect.root == "tensorflow":
        root = name_of_module(dialect.root, namespace)
        parts = loop_over_parts(tree, line, f"{root}.unstack", f"{root}.range")
        yield "Loop over parts that Python can count; each is an operation of the graph.", parts
    if dialect.root == "jax":
        operations = name_of_module(dialect.module, namespace)
        numpy = name_of_module("numpy", namespace)
        yield f"Use {operations} in place of NumPy.", another_module(statement, numpy, operations)


def _moves(tree: ast.Module, statement: ast.stmt) -> _Found:
    if only_speaks(statement):
        yield "Move it below what is computed.", move_to_end(tree, statement)


def only_speaks(statement: ast.stmt) -> bool:
    """Whether it is a call that stands alone and prints or logs."""
    match statement:
        case ast.Expr(ast.Call(ast.Name("print" | "display"))):
            return True
        case ast.Expr(ast.Call(ast.Attribute(_, name))):
            return name in (*LEVELS, "log")
        case _:
            return False
