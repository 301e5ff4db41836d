"""An error in code that ``torch.compile`` was reading: the place is only in the error's text."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dlmagic.magics.tensors.explain.carrying import read_up_to
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import uncompiled
from dlmagic.magics.tensors.explain.sites import Site, only_expression, statement_at
from dlmagic.magics.tensors.explain.sources import Code, code_of, function_at

_FROM = re.compile(r"^from user code:\n(?P<steps>.*)", re.DOTALL | re.MULTILINE)
_STEP = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')


def as_if_eager(failure: Failure) -> Failure:
    """The failure at the line that was being compiled; itself where nothing was.

    The values there are worked out from those of the call: its arguments, and the lines between.
    """
    outer = failure.site
    quoted = next((found for text in failure.texts if (found := _FROM.search(text))), None)
    if outer is None or quoted is None:
        return failure
    inner = list(_sites(failure, outer, quoted["steps"]))
    if inner:
        return replace(failure, sites=(*failure.sites, *inner[:1]), below=())
    return replace(failure, below=()) if _is_compiled_model(outer) else failure


def _is_compiled_model(site: Site) -> bool:
    """Whether the call is that of a model of which all code that was read is PyTorch's own."""
    model = value_of(site.node.func, site) if isinstance(site.node, ast.Call) else None
    return uncompiled(model) is not model


def _sites(failure: Failure, outer: Site, steps: str) -> Iterator[Site]:
    """The innermost of the user's own lines that are quoted."""
    for step in reversed(list(_STEP.finditer(steps))):
        cell = failure.name_of_cell(step["file"])
        code = code_of(step["file"], cell) if cell is not None else None
        if code is not None:
            yield _site(code, int(step["line"]), outer)


def _site(code: Code, line: int, outer: Site) -> Site:
    function = function_at(code.tree, line)
    statement = statement_at(code.tree, line)
    node = only_expression(statement) if statement is not None else None
    site = Site(
        code.cell,
        code.file,
        line,
        linecache.getline(code.file, line).strip(),
        outer.frame,
        node,
        statement,
        {} if function is None else _arguments(function, outer),
    )
    return replace(site, assumed=read_up_to(site, function))


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef, outer: Site) -> dict[str, Any]:
    """What the call gave to each parameter, as far as both are plain."""
    call = outer.node
    if not isinstance(call, ast.Call):
        return {}
    names = [each.arg for each in function.args.args]
    values = [value_of(each, outer) for each in call.args]
    if names[:1] == ["self"]:
        values.insert(0, uncompiled(value_of(call.func, outer)))
    named = {each.arg: value_of(each.value, outer) for each in call.keywords if each.arg}
    return dict(zip(names, values, strict=False)) | named
