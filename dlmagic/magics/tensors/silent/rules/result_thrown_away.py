"""The result of a call that changes nothing in place is thrown away: ``x.to(device)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from dlmagic.frameworks.description import Description, describers, told
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.paths import is_of_module, values_of
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.thrown_away import OF_ARRAYS, SIGNS, Thrown, thrown_in


class Rule(Listening):
    """A statement that is such a call: of what is known to be a tensor, or was seen to be one."""

    kind = "result-thrown-away"
    sure: Sure = "certain"
    sign = re.compile(rf"(?m)(?:^|[;:])\s*\w[\w.]*(?:\[.+\])?\.(?:{'|'.join(sorted(SIGNS))})\(")

    def __init__(self) -> None:
        super().__init__()
        self._called: set[tuple[str, int]] = set()

    def hear(self, event: Event) -> None:
        """What the cell's own lines call."""
        if isinstance(event, Operation) and event.is_direct and event.frame is not None:
            self._called.add((event.name, event.frame.line))

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """The cell's own statements; its last one is shown, and so not thrown away."""
        for thrown in thrown_in(after.tree):
            if self._was_called(thrown) or _is_known(thrown, after):
                yield _mistake(thrown)

    def _was_called(self, thrown: Thrown) -> bool:
        end = thrown.node.end_lineno or thrown.node.lineno
        lines = range(thrown.node.lineno, end + 1)
        return any((thrown.method, line) in self._called for line in lines)


def _is_known(thrown: Thrown, after: After) -> bool:
    if thrown.is_update:
        owners = values_of(thrown.owner, after.tree, after.namespace)
        uses_jax = any(is_of_module(value, "jax") for value in after.namespace.values())
        return uses_jax and (not owners or any(map(_description, owners)))
    if thrown.module:
        root = after.namespace.get(thrown.module.split(".")[0])
        return thrown.method in OF_ARRAYS and any(
            is_of_module(root, name) for name in ("torch", "numpy", "jax", "optax")
        )
    values = values_of(thrown.owner, after.tree, after.namespace)
    described = [each for each in map(_description, values) if each is not None]
    return any(thrown.method in OF_ARRAYS or each.kind == "Tensor" for each in described)


def _mistake(thrown: Thrown) -> Mistake:
    name, call = ast.unparse(thrown.owner), ast.unparse(thrown.node.value)
    whose = thrown.module or name
    is_one_line = thrown.node.end_lineno == thrown.node.lineno
    both = ".values" if thrown.method == "sort" else ""  # it gives the order, too
    return Mistake(
        f"{whose}.{thrown.method}() leaves {name} as it is, and what it gives is thrown away.",
        line=thrown.node.lineno,
        text="Keep the result.",
        code=f"{name} = {call}{both}" if is_one_line else None,
        operands=(name,),
    )


def _description(value: object) -> Description | None:
    found = (told(lambda: each.describe(value)) for each in describers())  # noqa: B023
    return next((each for each in found if each is not None), None)
