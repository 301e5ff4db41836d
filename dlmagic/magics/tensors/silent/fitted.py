"""The models of Keras that a cell trains or evaluates, and the labels that it does so with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.magics.tensors.silent.rule import After

_USING = frozenset({"fit", "train_on_batch", "evaluate", "test_on_batch"})
FITTING = re.compile(rf"\.(?:{'|'.join(sorted(_USING))})\(")
"""What a cell must hold for such a call to be in it."""


@dataclass(frozen=True)
class Fitted:
    """One call such as ``model.fit(x, y)``.

    Attributes:
        name: The model's.
        model: What has this name now.
        labels_name: The labels'; empty where they have none, or it got another value since.
        labels: What has that name now.
        line: The call's.
    """

    name: str
    model: object
    labels_name: str
    labels: object
    line: int


def fitted(after: After) -> Iterator[Fitted]:
    """All calls in order, besides those of a model that was compiled once more since."""
    calls = [node for node in ast.walk(after.tree) if isinstance(node, ast.Call)]
    compiled = [node for node in calls if _method(node) == "compile"]
    for node in sorted(calls, key=lambda call: call.lineno):
        match node.func:
            case ast.Attribute(ast.Name(name), method) if method in _USING:
                again = any(each.lineno > node.lineno and _owner(each) == name for each in compiled)
                if not again and name in after.namespace:
                    labels = _labels(after.tree, node)
                    given = after.namespace.get(labels)
                    yield Fitted(name, after.namespace[name], labels, given, node.lineno)
            case _:
                continue


def _labels(tree: ast.Module, call: ast.Call) -> str:
    named = [each.value for each in call.keywords if each.arg == "y"]
    given = next(iter([*call.args[1:2], *named]), None)
    if not isinstance(given, ast.Name):
        return ""
    end = call.end_lineno or call.lineno
    stored = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_set(node))
    return "" if any(each.id == given.id and each.lineno > end for each in stored) else given.id


def _is_set(name: ast.Name) -> bool:
    return not isinstance(name.ctx, ast.Load)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _owner(call: ast.Call) -> str:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else ""
