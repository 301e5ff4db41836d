"""Marking arguments of a function that JAX compiles as static, where the function is made."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.rule import Candidate
from dlmagic.magics.tensors.explain.sites import Site, tree_of

_NAMES, _POSITIONS = "static_argnames", "static_argnums"


def static_candidates(site: Site, function: str, names: Sequence[str]) -> Iterator[Candidate]:
    """The line that makes the compiled function, with some of its arguments marked.

    Args:
        site: Any place in the same file.
        function: The function's name.
        names: The arguments' names.
    """
    tree = tree_of(site.file, site.frame)
    nodes = list(ast.walk(tree)) if tree else []
    for compiling in (found for node in nodes if (found := _compiling(node, function))):
        changes = _changes(compiling, names, _positions(nodes, compiling, function))
        line = min((each.lineno for each in changes), default=compiling.lineno)
        code = line_with(replace(site, line=line), changes) if changes else None
        yield Candidate(_text(names), code, None, None, line)


def _text(names: Sequence[str]) -> str:
    stay = "it stays a Python value" if len(names) == 1 else "they stay Python values"
    return f"Mark {' and '.join(names)} as static: {stay}, and JAX compiles once for each."


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


def _positions(nodes: Sequence[ast.AST], compiling: ast.expr, function: str) -> Mapping[str, int]:
    """Where the arguments of the function stand, if it is defined once."""
    given = compiling.args[:1] if isinstance(compiling, ast.Call) else []
    found: list[ast.Lambda | ast.FunctionDef] = [
        *(each for each in given if isinstance(each, ast.Lambda))
    ]
    found += [each for each in nodes if isinstance(each, ast.FunctionDef) and each.name == function]
    arguments = [*found[0].args.posonlyargs, *found[0].args.args] if len(found) == 1 else []
    return {each.arg: position for position, each in enumerate(arguments)}


def _changes(
    compiling: ast.expr, names: Sequence[str], positions: Mapping[str, int]
) -> dict[ast.expr, str]:
    """What is written otherwise; nothing where it is not known what is marked already.

    Where both ways of marking are used, JAX takes each of them as it is.
    """
    keywords = compiling.keywords if isinstance(compiling, ast.Call) else []
    given = {each.arg: each.value for each in keywords}
    if not given.keys() & {_NAMES, _POSITIONS}:
        return {compiling: _marked(compiling, names)}
    places = [positions.get(name) for name in names]
    more: dict[str, Sequence[Any]] = {_NAMES: names, _POSITIONS: places}
    found = {given[key]: _longer(given[key], more[key]) for key in more if key in given}
    return {node: code for node, code in found.items() if code} if all(found.values()) else {}


def _longer(node: ast.expr, more: Sequence[Any]) -> str | None:
    """A tuple with more members, or None where it is not written out."""
    try:
        known = ast.literal_eval(node)
    except ValueError:
        return None
    members = [*(known if isinstance(known, list | tuple) else [known]), *more]
    return None if None in members else _tuple(list(dict.fromkeys(members)))


def _tuple(members: Sequence[Any]) -> str:
    parts = [f'"{each}"' if isinstance(each, str) else str(each) for each in members]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _marked(node: ast.expr, names: Sequence[str]) -> str:
    keyword = f"{_NAMES}={_tuple(names)}"
    code = ast.unparse(node)
    if isinstance(node, ast.Call):
        return f"{code[:-1]}, {keyword})"
    return f"{code}({keyword})" if _makes_decorators() else f"partial({code}, {keyword})"


def _makes_decorators() -> bool:
    """Whether ``jax.jit`` without a function makes a decorator, as new versions do."""
    jax: Any = sys.modules.get("jax")
    first, *_ = inspect.signature(jax.jit).parameters.values()
    return first.default is not inspect.Parameter.empty
