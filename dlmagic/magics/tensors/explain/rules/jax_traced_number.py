"""A number that Python needs while JAX traces the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.printing import debug_print, printed
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import marking, needed, traced_names

PATTERNS = (
    re.compile(r"Abstract tracer value encountered where concrete value is expected"),
    re.compile(r"__index__\(\) method was called on (the JAX Tracer|traced)"),
    re.compile(r"Shapes must be 1D sequences of concrete values"),
)
_OPEN_LENGTH = (
    re.compile(r"To make jnp\.(?P<name>\w+)\(\) compatible with JIT .*(?P<told>size) argument"),
    re.compile(r"The (?P<told>size) argument of jnp\.(?P<name>\w+) must be statically specified"),
    re.compile(r"of jnp\.(?P<name>\w+)\. To avoid this error, pass a static `(?P<told>length)`"),
)
_FINDING = {"nonzero": ("nonzero", "where", "flatnonzero")}
"""What the user may have called, where the error names what that calls."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which number it is, and whether it can be an argument that stays a Python value."""
    site = failure.site
    node: ast.AST | None = (site.node or site.statement) if site else None
    open_length = next(filter(None, map(failure.search, _OPEN_LENGTH)), None)
    if isinstance(node, ast.For):
        node = node.iter
    traced = needed(traced_names(node, site), failure) if site and node else []
    if site is None or node is None or not traced:
        return None
    if open_length is not None:
        return _of_open_length(site, node, open_length, traced)
    return Explained(
        kind="traced-number",
        message=f"{ast.unparse(node)} needs a number, and {traced[0].name} has no value yet "
        f"while JAX traces {site.frame.f_code.co_name}.",
        operands=tuple(traced),
        candidates=tuple(_candidates(failure, site, node, traced)),
    )


def _of_open_length(
    site: Site, node: ast.AST, match: re.Match[str], traced: list[Operand]
) -> Explained | None:
    """A function of which the result has as many elements as the numbers say."""
    names = _FINDING.get(match["name"], (match["name"],))
    call = next((each for each in ast.walk(node) if _calls(each, names)), None)
    if not isinstance(call, ast.Call):
        return None
    text = f"Say how many there are at most, with {match['told']}=…: the rest is filled up."
    return Explained(
        kind="traced-number",
        message=f"The length of {ast.unparse(call)} depends on the values of {traced[0].name}, "
        f"which are not known while JAX traces {site.frame.f_code.co_name}.",
        operands=tuple(traced),
        candidates=(Candidate(text),),
    )


def _calls(node: ast.AST, names: tuple[str, ...]) -> bool:
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return name.rpartition(".")[2] in names


def _candidates(
    failure: Failure, site: Site, node: ast.AST, traced: list[Operand]
) -> Iterator[Candidate]:
    code = _as_array(node)
    print_call = printed(node, site) if isinstance(node, ast.expr) else None
    if code is None or not isinstance(node, ast.expr):
        yield from marking(traced, failure)
    elif print_call is not None:
        yield _printing(print_call, site)
    elif _may_be_an_array(node, site):
        yield rewritten(site, "Keep it an array.", {node: code}, node)
    elif isinstance(site.statement, ast.For):
        yield Candidate("Write the loop as jax.lax.fori_loop, whose bounds may be arrays.")
    elif isinstance(site.statement, ast.Expr):
        function = site.frame.f_code.co_name
        yield Candidate(f"Return {code} from {function}, and take the number where that is called.")
    else:
        yield Candidate("Let it be an argument that is static, and no result of an array.")


def _printing(call: ast.Call, site: Site) -> Candidate:
    """Showing the number when the compiled function runs, once for each call."""
    text = "Let JAX print it when there is a number."
    code = debug_print(call, site, _unwrapped)
    return Candidate(text, line_with(site, {call: code}) if code is not None else None)


def _unwrapped(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(ast.Name("float" | "int" | "bool"), [value]):
            return value
        case ast.Call(ast.Attribute(owner, "item" | "tolist"), []):
            return owner
        case _:
            return node


def _as_array(node: ast.AST) -> str | None:
    """What a conversion to a number becomes without it."""
    match node:
        case ast.Call(ast.Name("float"), [value]):
            return ast.unparse(value)
        case ast.Call(ast.Name("int"), [value]):
            return f"{in_brackets(value, ast.unparse(value))}.astype(int)"
        case ast.Call(ast.Attribute(owner, "item" | "tolist"), []):
            return ast.unparse(owner)
        case _:
            return None


def _may_be_an_array(node: ast.expr, site: Site) -> bool:
    """Whether nothing around it needs a number of Python's, as ``range`` and an index do."""
    parents = {
        id(child): each
        for each in ast.walk(site.statement or ast.Module([], []))
        for child in ast.iter_child_nodes(each)
    }
    around = parents.get(id(node))
    while isinstance(around, ast.BinOp | ast.UnaryOp):
        around = parents.get(id(around))
    return isinstance(around, ast.Return | ast.Assign | ast.Lambda)
