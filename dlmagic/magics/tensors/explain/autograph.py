"""Places in functions that TensorFlow traces: AutoGraph runs a copy of them that it has written."""

from __future__ import annotations

import ast
import re
from types import TracebackType

from dlmagic.magics.tensors.explain.hostile import own_value, said
from dlmagic.magics.tensors.explain.sites import (
    NameOfCell,
    Site,
    only_expression,
    site_at,
    spanned,
    statement_at,
    steps,
    tree_of,
)

_GENERATED = "__autograph_generated_file"
_OPERATION = re.compile(r"\{\{node [^}]*\}\} = (\w+?)(?:V2|V3)?\[")
_SIGNS: dict[str, type[ast.operator]] = {
    "MatMul": ast.MatMult,
    "BatchMatMul": ast.MatMult,
    "Add": ast.Add,
    "Sub": ast.Sub,
    "Mul": ast.Mult,
    "RealDiv": ast.Div,
}
"""TensorFlow's names for the operations behind Python's signs."""
_CALLED = {
    "MatMul": "matmul",
    "BatchMatMul": "matmul",
    "Add": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "RealDiv": "divide",
}
"""The functions that do the same."""
_ENTRY = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in \S+  \*$', re.MULTILINE)


def traced_site(error: BaseException, name_of_cell: NameOfCell) -> Site | None:
    """The innermost place of the user's code in a traced function, as the error's text tells it.

    The values are those of the copy that ran: its variables have the same names.
    """
    ran = [step for step in steps(own_value(error, "__traceback__")) if _GENERATED in _file(step)]
    text = said(error) if ran else ""
    entries = list(_ENTRY.finditer(text))
    if not entries:
        return None
    file, line = entries[-1]["file"], int(entries[-1]["line"])
    cell = name_of_cell(file)
    if cell is None:
        return None
    tree = tree_of(file, ran[-1].tb_frame)
    statement = statement_at(tree, line) if tree else None
    node = _failed(statement, ran[-1], text) if statement else None
    return site_at(cell, file, line, ran[-1].tb_frame, statement, node)


def of_the_user(name_of_cell: NameOfCell) -> NameOfCell:
    """The same names, and none for the copies: their lines are not the user's."""
    return lambda file: None if _GENERATED in file else name_of_cell(file)


def _file(step: TracebackType) -> str:
    return step.tb_frame.f_code.co_filename


def _failed(statement: ast.stmt, step: TracebackType, text: str) -> ast.expr | None:
    """The expression that failed: the same as in the copy, or the only one of its operation."""
    same = _same(statement, step)
    if same is not None:
        return same
    operation = _OPERATION.search(text)
    sign = _SIGNS.get(operation[1]) if operation else None
    fitting: list[ast.expr] = [
        each
        for each in ast.walk(statement)
        if (isinstance(each, ast.BinOp) and sign is not None and isinstance(each.op, sign))
        or (isinstance(each, ast.Call) and operation and _calls(each, _CALLED.get(operation[1])))
    ]
    return fitting[0] if len(fitting) == 1 else only_expression(statement)


def _calls(call: ast.Call, name: str | None) -> bool:
    return name is not None and ast.unparse(call.func).rpartition(".")[2] == name


def _same(statement: ast.stmt, step: TracebackType) -> ast.expr | None:
    """The user's expression for the one that failed in the copy."""
    copy = tree_of(_file(step), step.tb_frame)
    failed = spanned(copy, step) if copy is not None else None
    if failed is None:
        return None
    code = ast.unparse(_Original().visit(failed))
    expressions = (each for each in ast.walk(statement) if isinstance(each, ast.expr))
    return next((each for each in expressions if ast.unparse(each) == code), None)


class _Original(ast.NodeTransformer):
    """Writes the calls that AutoGraph put in as the user wrote them."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func)
        if name == "ag__.ld":
            return self._visited(node.args[0])
        if name != "ag__.converted_call":
            return self.generic_visit(node)
        function, positional, named, *_ = node.args
        arguments = positional.elts if isinstance(positional, ast.Tuple) else []
        keywords = named.keywords if isinstance(named, ast.Call) else []
        return ast.Call(
            self._visited(function),
            [self._visited(each) for each in arguments],
            [ast.keyword(each.arg, self._visited(each.value)) for each in keywords],
        )

    def _visited(self, node: ast.expr) -> ast.expr:
        found: ast.expr = self.visit(node)
        return found
