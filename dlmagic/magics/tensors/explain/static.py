"""Marking an argument of a function that JAX compiles as static, where the function is made."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.rule import Candidate
from dlmagic.magics.tensors.explain.sites import Site, tree_of


def static_candidates(site: Site, function: str, name: str) -> Iterator[Candidate]:
    """The line that makes the compiled function, with one of its arguments marked.

    Args:
        site: Any place in the same file.
        function: The function's name.
        name: The argument's name.
    """
    tree = tree_of(site.file, site.frame)
    for node in ast.walk(tree) if tree else ():
        compiling = _compiling(node, function)
        if compiling is None:
            continue
        there = replace(site, line=compiling.lineno, node=compiling)
        code = line_with(there, {compiling: _marked(compiling, name)})
        text = f"Mark {name} as static: it stays a Python value, and JAX compiles once for each."
        yield Candidate(text, code, None, None, compiling.lineno)


def _compiling(node: ast.AST, function: str) -> ast.expr | None:
    """A decorator ``@jax.jit`` of the function, or a call ``jax.jit(function)``."""
    if isinstance(node, ast.FunctionDef) and node.name == function:
        return next((each for each in node.decorator_list if _is_jit(each)), None)
    if isinstance(node, ast.Call) and _is_jit(node.func) and node.args:
        given = node.args[0]
        same = isinstance(given, ast.Name) and given.id == function
        return node if same or (function == "<lambda>" and isinstance(given, ast.Lambda)) else None
    return None


def _is_jit(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return _is_jit(node.func) or any(map(_is_jit, node.args))
    return ast.unparse(node).rpartition(".")[2] == "jit"


def _marked(node: ast.expr, name: str) -> str:
    keyword = f'static_argnames="{name}"'
    code = ast.unparse(node)
    if isinstance(node, ast.Call):
        return f"{code[:-1]}, {keyword})"
    return f"{code}({keyword})" if _makes_decorators() else f"partial({code}, {keyword})"


def _makes_decorators() -> bool:
    """Whether ``jax.jit`` without a function makes a decorator, as new versions do."""
    jax: Any = sys.modules.get("jax")
    first, *_ = inspect.signature(jax.jit).parameters.values()
    return first.default is not inspect.Parameter.empty
