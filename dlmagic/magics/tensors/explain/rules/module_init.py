"""A class of layers that does not begin with ``super().__init__()``."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import layer_kind
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.explain.sources import code_of, function_around, function_at

PATTERNS = (
    re.compile(r"cannot assign (module|parameters?|buffer) before Module\.__init__\(\) call"),
    re.compile(r"object has no attribute '_(modules|parameters|buffers|\w+_hooks\w*)'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The first line of ``__init__``, with the call before it."""
    site = failure.site
    function = function_around(site) if site is not None else None
    if site is None or function is None or function.name != "__init__":
        return _of_unmade(failure)
    owner = type(site.frame.f_locals.get("self")).__name__
    code = code_of(site.file, site.cell)
    place = code.place(function.body[0]) if code else site
    return _explained(f"{owner}.__init__ makes a layer before it calls", function, place)


def _of_unmade(failure: Failure) -> Explained | None:
    """A model that is called, and whose ``__init__`` has never called PyTorch's own."""
    step = failure.inside("__getattr__", "nn.modules.module")
    model = step.local("self") if step is not None else None
    made = getattr(vars(type(model)).get("__init__"), "__code__", None)
    if layer_kind(model) is None or "_modules" in vars(model) or made is None:
        return None
    cell = failure.name_of_cell(made.co_filename)
    code = code_of(made.co_filename, cell) if cell is not None else None
    function = function_at(code.tree, made.co_firstlineno) if code is not None else None
    if code is None or function is None or any(map(_is_init, ast.walk(function))):
        return None
    place = code.place(function.body[0])
    return _explained(f"{type(model).__name__}.__init__ does not call", function, place)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "__init__"


def _explained(
    what: str, function: ast.FunctionDef | ast.AsyncFunctionDef, place: Place
) -> Explained:
    first: str | None = f"super().__init__()\n{place.source}"
    if place.line == function.lineno:
        own = ast.unparse(function.body[0])
        first = line_with(place, {function.body[0]: f"super().__init__(); {own}"})
    return Explained(
        kind="module-init",
        message=f"{what} super().__init__().",
        candidates=(
            Candidate(
                "Call super().__init__() first.",
                first,
                None,
                place,
            ),
        ),
    )
