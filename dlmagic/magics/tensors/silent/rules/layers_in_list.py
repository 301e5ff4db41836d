"""Layers that a module keeps in a plain list, where nothing that asks for parameters finds them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import End, Event, Step
from dlmagic.frameworks.training import Unregistered
from dlmagic.magics.tensors.silent.calls import names_in
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Modules that the cell mentions or makes, as they are when it has ended."""

    kind = "layers-in-list"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._steps = False
        self._known: frozenset[int] = frozenset()

    def hear(self, event: Event) -> None:
        """What optimisers change, and what gradients reach, of which another rule tells then."""
        if isinstance(event, Step | End):
            self._steps |= isinstance(event, Step)
            self._known |= event.reached
        if isinstance(event, Step):
            self._known |= event.held

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each attribute of a class once."""
        mentioned = names_in(after.tree)
        found: dict[tuple[Frame | None, str], Unregistered] = {}
        for each in after.training.unregistered():
            if each.module.partition(".")[0].partition("[")[0] not in mentioned:
                continue
            if self._steps and each.parameters & self._known:
                continue
            found.setdefault((each.frame, each.attribute), each)
        yield from (_mistake(each, after.tree) for each in found.values())


def _mistake(kept: Unregistered, tree: ast.Module) -> Mistake:
    what = "a tensor that is no Parameter" if kept.kind == "tensor" else f"in a plain {kept.kind}"
    what = "one layer for all of its class" if kept.kind == "class" else what
    name = f"{kept.module}.{kept.attribute}"
    return Mistake(
        f"{name} is {what}: parameters(), to() and state_dict() of {kept.module} miss it."
        if kept.kind in ("tensor", "class")
        else f"{name} keeps layers {what}: parameters(), to() and state_dict() of {kept.module} "
        "miss them.",
        kept.frame,
        line=_line_that_sets(kept.attribute, tree),
        text="Register it with the module:" if kept.code else "Use nn.ModuleList or nn.ModuleDict.",
        code=kept.code,
        operands=(kept.module,),
    )


def _line_that_sets(attribute: str, tree: ast.Module) -> int | None:
    """Where the cell sets the attribute from outside the class, or in its body."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            getattr(target, "attr", getattr(target, "id", None)) == attribute
            for target in node.targets
        ):
            return node.lineno
    return None
