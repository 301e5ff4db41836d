"""Layers that are handed to ``Sequential`` one by one, and a shape that is a number."""

from __future__ import annotations

import ast
import re
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Expected `trainable` to be a boolean"),
    re.compile(r"Argument `name` must be a string"),
    re.compile(r"takes from 1 to 3 positional arguments but"),
    re.compile(r"object is not iterable"),
    re.compile(r"Cannot convert '\d+' to a shape"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What stands alone, and the list or tuple of it."""
    site, call, known = failure.site, called(failure.site), keras_rules()
    if site is None or call is None or known is None:
        return None
    if match.re is PATTERNS[-1]:
        return _of_shape(site, call)
    return _of_layers(site, call, known)


def _of_layers(site: Site, call: Called, known: Any) -> Explained | None:
    if not known.is_chain(call.function) or not call.arguments or call.keywords:
        return None
    nodes = call.node.args
    if not all(_is_layer(each, site, known) for each in nodes):
        return None
    name = ast.unparse(call.node.func)
    code = f"{name}([{', '.join(map(ast.unparse, nodes))}])"
    line = line_with(site, {call.node: code})
    return Explained(
        kind="layers-without-list",
        message=f"{name} takes its layers in one list.",
        candidates=(Candidate(f"Put them in square brackets: {name}([…]).", line),),
    )


def _is_layer(node: ast.expr, site: Site, known: Any) -> bool:
    """Whether it is a layer, or one that is made there."""
    if isinstance(node, ast.Call):
        return bool(known.is_kind_of_layer(library_value(node.func, site)))
    return bool(known.is_layer(library_value(node, site)))


def _of_shape(site: Site, call: Called) -> Explained | None:
    """``keras.Input(28)``, which takes the shape of a sample."""
    shape = call.argument(0, "shape")
    if call.name not in ("Input", "InputLayer") or shape is None or not _is_a_number(shape):
        return None
    code = f"({shape.name},)"
    return Explained(
        kind="shape-as-number",
        message=f"{ast.unparse(call.node.func)} takes the shape of a sample, and {shape.name} is a "
        "number: even one axis is written as a tuple, with a comma.",
        operands=(shape,),
        candidates=(Candidate(f"Write {code}.", line_with(site, {shape.node: code})),),
    )


def _is_a_number(shape: Operand) -> bool:
    return type(shape.value) is int and shape.node is not None
