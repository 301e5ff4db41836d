"""One call of a cell, made plainly and as a graph."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlmagic.cell.compare import Agreement
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.subject import Subject
from dlmagic.magics.graphmode.capture import Captured
from dlmagic.magics.graphmode.changes import evaluate
from dlmagic.magics.graphmode.effects import Effects


@dataclass
class Call:
    """One call of the cell, made twice: plainly and as a graph, from one state.

    Attributes:
        subject: The cell, the state and the arguments that it starts from.
        plain: What the plain run produced.
        plain_effects: What it said.
        draws: Whether it drew random numbers.
        graph: What the graph produced; None where it failed.
        graph_effects: What it said.
        captured: What the compiler said during this call.
        seconds: What the graph's run took, compiling included.
        error: What the graph raised where the plain run did not.
        agreement: How the two compare.
    """

    subject: Subject
    plain: FrozenContainer
    plain_effects: Effects
    draws: bool = False
    graph: FrozenContainer | None = None
    graph_effects: Effects = field(default_factory=Effects)
    captured: Captured = field(default_factory=Captured)
    seconds: float = 0.0
    error: BaseException | None = None
    agreement: Agreement | None = None

    def once_more(self) -> Call:
        """The same call, to be made as a graph again."""
        return Call(self.subject, self.plain, self.plain_effects, self.draws)

    def value_of(self, expression: str) -> object:
        """The value of a name, an attribute or an item where this call starts.

        Raises:
            LookupError: There is none, or the expression is anything else.
        """
        self.subject.snapshot.restore()  # an attribute has its value of then, too
        namespace = self.subject.cell.namespace
        return evaluate(expression, {**namespace, **self.subject.arguments})
