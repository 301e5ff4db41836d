"""Where a cell calls what, as its text says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.frameworks.operations import Operation, Step

Block = list[ast.stmt]
Loop = ast.For | ast.AsyncFor | ast.While


def owner_of(tree: ast.AST, line: int | None, method: str) -> str | None:
    """The text of ``x`` where a line calls ``x.method(…)``; None where it does not."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(owner, name)) if name == method:
                if line is not None and node.lineno <= line <= (node.end_lineno or 0):
                    return ast.unparse(owner)
            case _:
                continue
    return None


def stepping(tree: ast.AST, step: Step) -> str | None:
    """The text of the optimiser that steps, also by ``scaler.step(optimizer)``."""
    for owner, call in calls_of(tree, "step"):
        if _is_call_of(step, call):
            if not call.args or step.closure:
                return owner
            return ast.unparse(call.args[0]) if step.is_direct else None
    return None


def calls_of(tree: ast.AST, *methods: str) -> Iterator[tuple[str, ast.Call]]:
    """All calls of methods of these names, with the text of what they are called on."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(owner, name)) if name in methods:
                yield ast.unparse(owner), node
            case _:
                continue


def blocks(tree: ast.AST) -> Iterator[Block]:
    """Every list of statements that run one after the other."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def loops(tree: ast.AST) -> Iterator[Loop]:
    """All loops, outer ones and inner ones."""
    return (node for node in ast.walk(tree) if isinstance(node, Loop))


def is_on(node: ast.stmt | ast.expr, line: int) -> bool:
    """Whether a line is one of a statement's."""
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _is_call_of(event: Step, call: ast.Call) -> bool:
    if event.span is None:
        return _has(call, event)
    # Of a method on a line of its own, Python tells where that begins, not where the call does.
    return (call.end_lineno, call.end_col_offset) == event.span[1::2]


def _has(node: ast.stmt | ast.expr, event: Operation | Step) -> bool:
    """Whether an event's call stands in a piece of code, which may share its line with others."""
    if event.span is None:
        return event.frame is not None and is_on(node, event.frame.line)
    line, end_line, column, end_column = event.span
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) <= (line, column) and (end_line, end_column) <= end


def leads_to(statement: ast.stmt, event: Operation | Step, tree: ast.Module) -> bool:
    """Whether a statement has an event's call, or calls a function of the cell that has it."""
    if _has(statement, event) and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return True
    called = {
        func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        for func in (node.func,)
    }
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return any(each.name in called and _has(each, event) for each in functions)


def names_in(node: ast.AST) -> set[str]:
    """Names and attributes that a piece of code mentions, as they are written."""
    return {
        ast.unparse(each)
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute | ast.Subscript)
    }
