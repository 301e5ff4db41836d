"""Numbers taken out of the graph between the parameters and the loss."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.magics.tensors.silent.cuts import Cuts
from dlmagic.magics.tensors.silent.rewriting import expression, rewritten, statements_at
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_WORDS = {
    "detach": "detach()",
    "detach_": "detach_()",
    "data": ".data",
    "item": "item()",
    "__float__": "float()",
    "tolist": "tolist()",
    "numpy": "numpy()",
    "__array__": "NumPy",
    "tensor": "torch.tensor()",
    "as_tensor": "torch.as_tensor()",
}
_LEAVING = (".numpy(", ".tolist(", ".item(", "np.")


class Rule(Listening):
    """Parameters of an optimiser that a cut keeps from every gradient that was seen."""

    kind = "graph-cut"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._cuts = Cuts()
        self._cut: dict[int, Operation] = {}
        self._trained: set[int] = set()

    def hear(self, event: Event) -> None:
        """What has no gradient, and what has one now and then."""
        self._cut.update(self._cuts.hear(event))
        if isinstance(event, Step):
            self._trained |= event.held - event.without_gradient

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each cut once, unless it depends on a condition."""
        places: dict[Frame, tuple[Operation, list[int]]] = {}
        for parameter, operation in self._cut.items():
            if parameter not in self._trained and operation.frame is not None:
                places.setdefault(operation.frame, (operation, []))[1].append(parameter)
        for operation, parameters in places.values():
            if not _is_conditional(after.tree, operation):
                yield _mistake(operation, after.names_of(parameters), after)


def _mistake(operation: Operation, names: tuple[str, ...], after: After) -> Mistake:
    word = _WORDS.get(operation.name, operation.name)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    who = f"{names[0]}{more}" if names else "parameters ahead of it"
    never = f"never {'gets' if len(names) == 1 else 'get'} a gradient"
    return Mistake(
        f"{word} cuts the graph here: {who} {never}, though the optimiser steps on.",
        operation.frame,
        text="Compute with the tensor itself, in PyTorch.",
        code=_code(operation, after.tree),
        operands=names[:3],
    )


def _code(operation: Operation, tree: ast.Module) -> str | None:
    """The line without the cut; None where numbers leave PyTorch in it all the same."""
    is_list = bool(operation.arguments) and isinstance(operation.arguments[0], list | tuple)
    line = operation.frame.line if operation.frame else None
    code = rewritten(tree, line, lambda node: _without_cut(node, is_list=is_list))
    if code is None or any(word in code for word in _LEAVING) or _forces_gradients(tree):
        return None
    return code


def _forces_gradients(tree: ast.Module) -> bool:
    """Whether the cell asks for gradients of a result, which it may not do without the cut."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return any(
        node.attr == "requires_grad_"
        or (node.attr == "requires_grad" and isinstance(node.ctx, ast.Store))
        for node in nodes
    )


def _without_cut(node: ast.expr, *, is_list: bool) -> ast.expr | None:
    match node:
        case ast.Call(ast.Attribute(owner, "detach"), []):
            return owner
        case ast.Attribute(owner, "data"):
            return owner
        case ast.Call(ast.Attribute(ast.Name("torch"), "tensor" | "as_tensor"), [value, *_]):
            return expression("torch.stack(x)", x=value) if is_list else value
        case _:
            return None


def _is_conditional(tree: ast.Module, operation: Operation) -> bool:
    """Whether other steps may pass it by, as where a part is trained later."""
    line = operation.frame.line if operation.frame else None
    around = list(statements_at(tree, line))
    chosen = (ast.If, ast.Match)
    return any(isinstance(each, chosen) for each in around) or any(
        isinstance(node, ast.IfExp) and node.lineno == line
        for each in around
        for node in ast.walk(each)
    )
