"""A name that was a function and is now a value, or brackets where none belong."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.bindings import inside
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import code_of
from dlmagic.magics.tensors.explain.values import MISSING, is_tensor

PATTERNS = (
    re.compile(r"'(?P<kind>[\w.]+)' object is not callable"),
    re.compile(r"'(?P<kind>builtin_function_or_method|method)' object is not subscriptable"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What stands where a function is needed."""
    site = failure.site
    node = site.node if site else None
    if site is None or failure.below:
        return None
    if "subscriptable" in match[0]:
        return _of_brackets(site, node)
    if not isinstance(node, ast.Call):
        return None
    called = operand(node.func, site)
    if called.value is MISSING or callable(called.value) or _says_otherwise(called, match["kind"]):
        return None
    if isinstance(node.func, ast.Name):
        return _of_name(site, node.func, called)
    return _of_attribute(site, node, called)


def _says_otherwise(called: Operand, kind: str) -> bool:
    return type(called.value).__name__ != kind.rpartition(".")[2]


def _of_brackets(site: Site, node: ast.expr | None) -> Explained | None:
    """``x.size[0]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Attribute):
        return None
    owner = operand(node.value.value, site)
    name = node.value.attr
    if not is_tensor(owner.value) or not callable(getattr(owner.value, name, None)):
        return None
    new = f"{owner.name}.{name}({ast.unparse(node.slice)})"
    return Explained(
        kind="not-callable",
        message=f"{owner.name}.{name} is a method: it is called with round brackets.",
        operands=(owner,),
        candidates=(Candidate(f"Call it: {new}.", line_with(site, {node: new})),),
    )


def _of_attribute(site: Site, node: ast.Call, called: Operand) -> Explained | None:
    """``x.shape(0)``."""
    if not isinstance(node.func, ast.Attribute) or not hasattr(type(called.value), "__len__"):
        return None
    index = f"[{ast.unparse(node.args[0])}]" if node.args else ""
    new = f"{called.name}{index}"
    text = f"Use square brackets: {new}." if index else f"Leave out the brackets: {new}."
    return Explained(
        kind="not-callable",
        message=f"{called.name} is a value ({type(called.value).__name__}), not a method.",
        operands=(called,),
        candidates=(Candidate(text, line_with(site, {node: new})),),
    )


def _of_name(site: Site, name: ast.Name, called: Operand) -> Explained:
    made = list(_assignments(site, name.id))
    by_itself = (each for each in made if _calls(each, name.id))
    given = next(by_itself, made[0] if made else None)
    where = f" since line {given.lineno}" if given is not None else ""
    return Explained(
        kind="not-callable",
        message=f"{name.id} is a value ({type(called.value).__name__}){where}, not a function.",
        operands=(called,),
        candidates=tuple(_candidates(site, name, given)),
    )


def _candidates(site: Site, name: ast.Name, given: ast.Assign | None) -> Iterator[Candidate]:
    code = code_of(site.file, site.cell)
    if hasattr(builtins, name.id):
        text = f"Give the value another name; del {name.id} brings Python's own {name.id} back."
    else:
        text = f"Give the value another name than the function, such as {name.id}_value."
    shadows = hasattr(builtins, name.id) or (given is not None and _calls(given, name.id))
    if given is None or code is None or not shadows:
        yield Candidate(text)
        return
    place = code.place(given)
    line = line_with(place, {given.targets[0]: f"{name.id}_value"})
    yield Candidate(text, line, None, place)


def _calls(given: ast.Assign, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(given.value))


def _assignments(site: Site, name: str) -> Iterator[ast.Assign]:
    code = code_of(site.file, site.cell)
    for scope in ast.walk(code.tree) if code else ():
        if not isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in inside(scope):
            if isinstance(node, ast.Assign) and [name] == [ast.unparse(n) for n in node.targets]:
                yield node
