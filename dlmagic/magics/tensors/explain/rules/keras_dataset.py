"""A data set of TensorFlow that ``fit`` gets without batches, or with labels beside it."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING, stored_value

PATTERNS = (
    re.compile(r"When providing `x` as a tf\.data\.Dataset, `y` should not be passed"),
    re.compile(r"Invalid input shape for input|has incompatible shape"),
    re.compile(r"expected (min_)?ndim=\d+, found ndim=\d+|Negative dimension size caused by"),
    re.compile(r"is incompatible with the layer"),
)
_METHODS = ("fit", "evaluate", "predict")
_KEPT = ("shuffle", "cache", "repeat", "take", "skip", "prefetch")
"""Steps after which the elements of a data set are what they were."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What a data set gives at a time, and what the model takes."""
    site, call, known = failure.site, called(failure.site), keras_rules()
    if site is None or call is None or known is None or call.owner is None:
        return None
    data = call.argument(0, "x")
    labelled = match.re is PATTERNS[0]
    elements = _elements(data, site, (*_KEPT, "batch") if labelled else _KEPT)
    if data is None or elements is None or call.name not in _METHODS:
        return None
    if labelled:
        return _with_labels(site, call, data, elements)
    return _without_batches(site, call, data, elements, known)


def _elements(data: Operand | None, site: Site, aside: tuple[str, ...]) -> Any:
    """What the elements of a data set are like, but for some steps; None of what is no data set."""
    tensorflow: Any = sys.modules.get("tensorflow")
    node: ast.expr | None = data.node if data is not None else None
    value: Any = data.value if data is not None else None
    while value is MISSING:
        match node:
            case ast.Call(ast.Attribute(owner, name)) if name in aside:
                node, value = owner, stored_value(owner, site)
            case _:
                break
    if tensorflow is None or not isinstance(value, tensorflow.data.Dataset):
        return None
    return value.element_spec


def _with_labels(site: Site, call: Called, data: Operand, elements: Any) -> Explained | None:
    """``model.fit(dataset, labels)``."""
    labels = call.argument(1, "y")
    if labels is None or labels.node is None:
        return None
    name = ast.unparse(call.node.func)
    if isinstance(elements, tuple) and len(elements) > 1:
        message = f"{data.name} gives pairs of data and labels already, and {name} gets labels too."
        candidate = Candidate(f"Leave out {labels.name}.", _without(site, call, labels))
    else:
        message = f"{data.name} gives data alone: a data set must give its labels with it."
        candidate = Candidate("Let it give pairs, as tf.data.Dataset.zip((data, labels)) does.")
    return Explained("dataset-and-labels", message, (data, labels), (candidate,))


def _without(site: Site, call: Called, labels: Operand) -> str | None:
    """The line without the labels; None where more stands behind them by its position."""
    given = call.node.args
    if any(each is labels.node for each in given[:-1]):
        return None
    kept = [each for each in given if each is not labels.node]
    named = [each for each in call.node.keywords if each.value is not labels.node]
    code = f"{ast.unparse(call.node.func)}({', '.join(map(ast.unparse, [*kept, *named]))})"
    return line_with(site, {call.node: code})


def _without_batches(
    site: Site, call: Called, data: Operand, elements: Any, known: Any
) -> Explained | None:
    """A data set of single samples."""
    first = elements[0] if isinstance(elements, tuple) else elements
    shape = told(lambda: tuple(first.shape))
    expected = known.expected_by(call.owner.value) if call.owner is not None else None
    if shape is None or data.node is None or expected is None:
        return None
    if expected.axes != len(shape) + 1 or not expected.takes((None, *shape)):
        return None
    code = f"{in_brackets(data.node, data.name)}.batch(32)"
    return Explained(
        kind="dataset-without-batches",
        message=f"{data.name} gives one sample at a time, {shape}, and a model takes batches.",
        operands=(data,),
        candidates=(
            Candidate(f"Let it give batches: {code}.", line_with(site, {data.node: code})),
        ),
    )
