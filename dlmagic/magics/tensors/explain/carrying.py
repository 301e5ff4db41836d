"""What happens behind a layer once it is mended: the forward is carried on with zeros.

Nothing of the user's is called: layers of PyTorch are passed by what they do to a shape, and the
lines of a ``forward`` are read, not run.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import (
    Mend,
    UnknownShapeError,
    is_chain,
    layer_kind,
    leaves,
    passed,
    uncompiled,
    zeros_like_batch,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import function_around
from dlmagic.magics.tensors.explain.values import MISSING

_RESULT = "the_result_of_the_mended_layer"


def further_mends(failure: Failure, first: Mend) -> list[Mend]:
    """Layers behind the failed one that must be made otherwise too, as far as can be foreseen.

    Args:
        failure: What happened, within a layer of PyTorch.
        first: The failed layer.
    """
    mends: list[Mend] = []
    try:
        result = passed([first.layer], zeros_like_batch(first.shape), [])
        for given, layers in _containers_left(failure, first):
            del given
            result = passed(layers, result, mends)
        if failure.site is not None and failure.site.node is not None:
            known = dict(failure.site.assumed)
            _Forward(failure.site, mends, known).carry_on(failure.site.node, result)
    except (UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        pass
    return mends


def _containers_left(failure: Failure, first: Mend) -> list[tuple[Any, list[Any]]]:
    """The ``Sequential`` ones that were running, the innermost first, and what they had left."""
    found = []
    for step in reversed(failure.below):
        if step.function == "forward" and step.module.endswith("nn.modules.container"):
            container, running = step.local("self"), step.local("module")
            layers = list(container)  # type: ignore[call-overload]
            left = [k for k, layer in enumerate(layers) if layer is running]
            if len(left) != 1:
                raise UnknownShapeError
            found.append((container, layers[left[0] + 1 :]))
    return found or _chain_left(failure.site, first)


def _chain_left(site: Site | None, first: Mend) -> list[tuple[Any, list[Any]]]:
    """The same where the chain was compiled, and is called in the user's line."""
    node = site.node if site is not None else None
    chain = uncompiled(value_of(node.func, site)) if site and isinstance(node, ast.Call) else None
    if not is_chain(chain):
        return []
    layers = leaves(chain)
    place = [k for k, layer in enumerate(layers) if layer is first.layer]
    if len(place) != 1:
        raise UnknownShapeError
    return [(chain, layers[place[0] + 1 :])]


@dataclass
class _Forward:
    """The rest of a function, read line by line.

    Attributes:
        site: Where it stopped.
        mends: Collects layers that must be made otherwise.
        names: Values of names by what was read.
    """

    site: Site
    mends: list[Mend]
    names: dict[str, object] = field(default_factory=dict)

    def carry_on(self, failed: ast.expr, result: object) -> None:
        """Read on from the failed expression, which gives a result now."""
        around = function_around(self.site)
        statement = self.site.statement
        body: Sequence[ast.stmt] = around.body if around is not None else ()
        lines = [each.lineno for each in body]
        if statement is None or statement.lineno not in lines:
            return
        self.names[_RESULT] = result
        first = lines.index(statement.lineno)
        self.read(_with_result(body[first], failed))
        for each in body[first + 1 :]:
            self.read(each)

    def read(self, statement: ast.stmt) -> None:
        """Note what a line gives to a name."""
        match statement:
            case ast.Assign([ast.Name(name)], value):
                self.names[name] = self._value(value)
            case ast.Return(ast.expr() as value):
                self._value(value)
                raise UnknownShapeError
            case ast.Expr():
                return
            case _:
                raise UnknownShapeError

    def _value(self, node: ast.expr) -> object:
        """The value of an expression, whose layers are passed from the innermost out."""
        read = _Layers(self).visit(copy.deepcopy(node))
        value = value_of(read, replace(self.site, assumed=self.names))
        if value is MISSING:
            raise UnknownShapeError
        return value

    def value_of_part(self, node: ast.expr) -> object:
        """The value of a part that calls no layer, or :data:`MISSING`."""
        return value_of(node, replace(self.site, assumed=self.names))


def read_up_to(
    site: Site, function: ast.FunctionDef | ast.AsyncFunctionDef | None
) -> dict[str, object]:
    """The values of names before a line, worked out from those that are known at the top."""
    forward = _Forward(site, [], dict(site.assumed))
    before = [each for each in function.body if each.lineno < site.line] if function else []
    try:
        for each in before:
            forward.read(each)
    except (UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        pass
    return forward.names


class _Layers(ast.NodeTransformer):
    """Puts a name for its result in the place of every call of a layer."""

    def __init__(self, forward: _Forward) -> None:
        self._forward = forward

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Pass the layer, if it is one."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("dropout", "dropout2d"):
            return node.args[0]
        layer = self._forward.value_of_part(node.func)
        if layer_kind(layer) is None:
            return node
        given = self._forward.value_of_part(node.args[0])
        name = f"the_result_{len(self._forward.names)}"
        self._forward.names[name] = passed([layer], given, self._forward.mends)
        return ast.copy_location(ast.Name(name, ast.Load()), node)


def _with_result(statement: ast.stmt, failed: ast.expr) -> ast.stmt:
    """The statement with a name in the place of the expression that failed."""

    class Replacing(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            same = ast.unparse(node) == ast.unparse(failed)
            if same and node.col_offset == failed.col_offset:
                return ast.copy_location(ast.Name(_RESULT, ast.Load()), node)
            self.generic_visit(node)
            return node

    changed: ast.stmt = Replacing().visit(copy.deepcopy(statement))
    return changed
