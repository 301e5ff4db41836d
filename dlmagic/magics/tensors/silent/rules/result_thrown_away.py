"""The result of a method that changes nothing in place is thrown away: ``x.to(device)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from dlmagic.frameworks.description import describers, told
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_NOT_IN_PLACE = frozenset(
    {
        *("to", "cuda", "cpu", "float", "double", "half", "long", "int", "bool", "bfloat16"),
        *("view", "reshape", "permute", "transpose", "t", "squeeze", "unsqueeze", "flatten"),
        *("contiguous", "clone", "detach", "requires_grad", "astype", "swapaxes", "clip", "round"),
    }
)


class Rule(Listening):
    """A statement that is such a call and nothing else."""

    kind = "result-thrown-away"
    sure: Sure = "certain"
    sign = re.compile(rf"(?m)(?:^|[;:])\s*\w+\.(?:{'|'.join(sorted(_NOT_IN_PLACE))})\(")

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """The cell's own statements; its last one is shown, and so not thrown away."""
        for statement in _statements(after.tree):
            match statement.value:
                case ast.Call(ast.Attribute(ast.Name(name), method)) if method in _NOT_IN_PLACE:
                    if _is_tensor(after.namespace.get(name)):
                        code = f"{name} = {ast.unparse(statement.value)}"
                        message = (
                            f"{name}.{method}() gives a new tensor, and {name} stays as it is."
                        )
                        yield Mistake(
                            message,
                            line=statement.lineno,
                            text="Keep the result.",
                            code=code,
                            operands=(name,),
                        )
                case _:
                    continue


def _statements(tree: ast.Module) -> Iterator[ast.Expr]:
    last = tree.body[-1] if tree.body else None
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    waiting: list[ast.AST] = [node for node in tree.body if node is not last]
    waiting += [] if isinstance(last, ast.Expr) or last is None else [last]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr):
            yield node
        if not isinstance(node, inner) and not _expects_an_error(node):
            waiting += list(ast.iter_child_nodes(node))


def _expects_an_error(node: ast.AST) -> bool:
    """Whether statements are there to fail: in ``try``, or with ``suppress`` or ``raises``."""
    if isinstance(node, ast.With):
        return any("suppress" in t or "raises" in t for t in map(ast.unparse, node.items))
    return isinstance(node, ast.Try | ast.TryStar)


def _is_tensor(value: object) -> bool:
    return any(told(lambda: each.describe(value)) is not None for each in describers())  # noqa: B023
