"""An update of a JAX array that nobody keeps: ``x.at[0].set(1)`` changes nothing in place."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

from dlmagic.magics.tensors.silent.parents import Parents
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_IN_FUNCTIONS = frozenset({"set", "multiply", "divide", "power", "apply"})
"""Methods that no cell of a table of pandas has: there ``.at`` gives the user's own object."""
_UPDATES = _IN_FUNCTIONS | {"add", "subtract", "mul", "min", "max"}


class Rule(Listening):
    """A statement that is such a call and nothing else."""

    kind = "result-thrown-away"
    sure: Sure = "certain"

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """All of the cell's, also in functions; its last statement is shown."""
        if "jax" not in sys.modules:
            return
        parents, last = Parents(after.tree), after.tree.body[-1:]
        for statement in ast.walk(after.tree):
            match statement:
                case ast.Expr(
                    ast.Call(
                        ast.Attribute(ast.Subscript(ast.Attribute(array, "at")), method)
                    ) as call
                ) if statement not in last and method in _UPDATES:
                    in_cell = isinstance(parents.scope(statement), ast.Module)
                    if _is_of_jax(array, after) if in_cell else method in _IN_FUNCTIONS:
                        yield _mistake(ast.unparse(array), method, call)
                case _:
                    continue


def _is_of_jax(array: ast.expr, after: After) -> bool:
    """Whether an expression begins with a name of a JAX array, or of a container or object."""
    if not isinstance(array, ast.Name):
        return isinstance(array, ast.Attribute | ast.Subscript)
    kind = type(after.namespace.get(array.id))
    return kind.__module__.partition(".")[0] in ("jax", "jaxlib")


def _mistake(array: str, method: str, call: ast.Call) -> Mistake:
    return Mistake(
        f"{array}.at[].{method}() gives a new array, and {array} stays as it is.",
        line=call.lineno,
        text="Keep the result.",
        code=f"{array} = {ast.unparse(call)}",
        operands=(array,),
    )
