"""The same call or the same model with another loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.keras_calls import calls_of, edited_lines
from dlmagic.magics.tensors.explain.labels import Compared
from dlmagic.magics.tensors.explain.rule import Candidate
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

_OF_TENSORFLOW = {
    "sparse_categorical_crossentropy": "sparse_softmax_cross_entropy_with_logits",
    "categorical_crossentropy": "softmax_cross_entropy_with_logits",
}


def with_loss(site: Site, found: Compared, loss: str) -> Iterator[Candidate]:
    """The line with another loss; where a model was compiled elsewhere, a sentence alone."""
    text = f'Use the loss "{loss}".'
    if found.model is None:
        node = _name_of_loss(found.call.node)
        code = line_with(site, {node: _like(node, loss)}) if node else None
        yield Candidate(text, code, _right)
        return
    for each in edited_lines(site, _compiled(site, found.model.name, loss), text):
        yield Candidate(each.text, each.code, _right, None, each.line)


def _right() -> Tried:
    """The shapes of labels and outputs are those that this loss compares."""
    return "shape-verified"


def _name_of_loss(node: ast.Call) -> ast.expr | None:
    function = node.func.func if isinstance(node.func, ast.Call) else node.func
    return function if isinstance(function, ast.Attribute) else None


def _like(node: ast.expr, loss: str) -> str:
    """The loss in the spelling of the one that it replaces."""
    owner, _, name = ast.unparse(node).rpartition(".")
    if name[0].isupper():
        return f"{owner}.{loss.title().replace('_', '')}"
    return f"{owner}.{_OF_TENSORFLOW[loss] if 'logits' in name else loss}"


def _compiled(site: Site, model: str, loss: str) -> Iterator[tuple[ast.expr, str]]:
    for call in calls_of(site, "compile"):
        if ast.unparse(call.func) != f"{model}.compile":
            continue
        for node in ast.walk(call):
            if isinstance(node, ast.Constant) and "crossentropy" in str(node.value):
                yield node, f'"{loss}"'
