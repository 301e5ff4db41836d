"""What a layer or a model of Keras is given, and what it takes."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Operand
from dlmagic.magics.tensors.explain.sites import Site, tree_of
from dlmagic.magics.tensors.explain.trying import Tried

_MAKERS = ("Sequential", "add")
_METHODS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")


@dataclass(frozen=True)
class LayerCall:
    """A layer or a model that was given something.

    Attributes:
        name: The user's expression for it.
        layer: The object, or None where it is made in the same expression.
        given: What it is given.
        expected: What it takes.
        call: The call.
        in_batches: Whether it is given all samples, as ``fit`` is.
        behind_others: Whether it is a layer within what was called, given what layers before it
            give; no expression of the user's stands for that.
    """

    name: str
    layer: Any = field(repr=False)
    given: Operand
    expected: Any
    call: Called
    in_batches: bool
    behind_others: bool = False


def keras_rules() -> Any:
    """What is known of Keras's objects; None where the user has not imported Keras."""
    if getattr(sys.modules.get("keras"), "__version__", None) is None:
        return None
    return importlib.import_module("dlmagic.frameworks.keras.expectations")


def layer_call(failure: Failure) -> LayerCall | None:
    """The layer or model of the failed expression, and what it was given."""
    call, known = called(failure.site), keras_rules()
    if call is None or known is None:
        return None
    in_batches = call.owner is not None and call.name in _METHODS
    owner = call.owner.value if call.owner and in_batches else call.function
    layer = owner if known.is_layer(owner) else None
    given = _within(failure) or call.argument(0, "x", "inputs", "data")
    behind = _behind_others(known, given, failure)
    if behind is not None:
        inner, expected = behind
        return LayerCall(f"The layer {expected.name}", None, inner, expected, call, False, True)
    expected = _expected(known, layer, failure)
    if given is None or expected is None:
        return None
    name = call.owner.name if call.owner and in_batches else ast.unparse(call.node.func)
    if layer is None and given.node is None:
        name = f"The layer {expected.name}"
    behind_in_chain = given.node is None and _is_behind_in_chain(failure)
    return LayerCall(name, layer, given, expected, call, in_batches, behind_in_chain)


def _within(failure: Failure) -> Operand | None:
    """What a layer is given while a model is put together, which no expression stands for."""
    call, inside = called(failure.site), failure.inside("assert_input_compatibility")
    if call is None or inside is None or call.name not in _MAKERS:
        return None
    return _input_of_layer(inside)


def _is_behind_in_chain(failure: Failure) -> bool:
    """Whether the layer stands behind others in the ``Sequential`` that is put together."""
    building = failure.inside("build", "models.sequential")
    model: Any = building.local("self") if building else None
    layer = building.local("layer") if building else None
    return layer is not None and layer is not next(iter(model.layers), None)


def _input_of_layer(inside: Any) -> Operand:
    """What Keras looked at when it found the mistake."""
    given = inside.local("inputs")
    one = given[0] if isinstance(given, list | tuple) and len(given) == 1 else given
    return Operand(f"the input of {inside.local('layer_name')}", one)


def _behind_others(
    known: Any, given: Operand | None, failure: Failure
) -> tuple[Operand, Any] | None:
    """What a layer further in is given, and takes, where that is not what was handed in."""
    inside = failure.inside("assert_input_compatibility")
    if inside is None or given is None or given.axes is None or given.node is None:
        return None
    inner = _input_of_layer(inside)
    expected = known.expected_of(inside.local("input_spec"), str(inside.local("layer_name")))
    if expected is None or inner.axes is None or inner.axes[1:] == given.axes[1:]:
        return None
    return inner, expected


def _expected(known: Any, layer: Any, failure: Failure) -> Any:
    """What the layer says itself, or the layer within it where Keras found the mistake."""
    inside = failure.inside("assert_input_compatibility")
    found = None
    if inside is not None:
        name = str(inside.local("layer_name") or "the layer")
        found = known.expected_of(inside.local("input_spec"), name)
    return (known.expected_by(layer) if layer is not None else None) or found


def check_of_shape(found: LayerCall, shape: tuple[int | None, ...]) -> Tried:
    """Whether the layer takes a shape: its specification, and all layers that are Keras's own."""
    known = keras_rules()
    if not found.expected.takes(shape):
        return "failed"
    if found.layer is None or not known.is_plain(found.layer):
        return "shape-verified"
    return "failed" if known.output_for(found.layer, shape) is None else "shape-verified"


def edited_lines(site: Site, changes: Iterator[tuple[ast.expr, str]], text: str) -> list[Candidate]:
    """Fixes that change an expression on another line of the same file, or a sentence alone."""
    found: list[Candidate] = []
    for node, code in changes:
        there = replace(site, line=node.lineno, node=node)
        found.append(Candidate(text, line_with(there, {node: code}), None, None, node.lineno))
    return found or [Candidate(text)]


def calls_of(site: Site, *names: str) -> Iterator[ast.Call]:
    """Every call of the file whose last name is one of these."""
    tree = tree_of(site.file, site.frame)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield node
