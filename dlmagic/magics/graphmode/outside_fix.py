"""What a fix outside of the graph consists of, and what is known when one is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.finding import Finding
from dlmagic.fixing.edit import Edit
from dlmagic.magics.graphmode.changed_inputs import is_number
from dlmagic.magics.graphmode.changes import evaluate


@dataclass(frozen=True)
class OutsideFix:
    """A change of the cell together with cells above and below it.

    Attributes:
        text: The change in one sentence.
        code: The lines that the user writes.
        edits: The changes of the cell itself, from top to bottom.
        once: Runs before the first call.
        above: Runs before each call.
        below: Runs after each call.
        made: Targets that are made something else before the first call, each with what makes
            it: ``("n", "torch.tensor({0})")``.
    """

    text: str
    code: str
    edits: tuple[Edit, ...] = ()
    once: str = ""
    above: str = ""
    below: str = ""
    made: tuple[tuple[str, str], ...] = ()

    def applied_to(self, python: str) -> str:
        """The cell's text with the changes."""
        for edit in reversed(self.edits):
            python = edit.apply(python)
        return python


@dataclass(frozen=True)
class Problem:
    """A finding with what is known about the calls that led to it.

    Attributes:
        finding: The finding.
        source: The cell as Python, with the user's line numbers.
        framework: Such as ``"torch"``.
        namespace: The notebook's.
        first: The inputs of the first call.
        later: Those of the call that went wrong, or of the last one.
    """

    finding: Finding
    source: str
    framework: str
    namespace: Mapping[str, object]
    first: Mapping[str, object]
    later: Mapping[str, object]

    def is_number_at(self, target: str) -> bool:
        """Whether a name or an attribute holds a Python number."""
        try:
            return is_number(evaluate(target, {**self.namespace, **self.first}))
        except LookupError:
            return False


def assignments(made: tuple[tuple[str, str], ...]) -> str:
    """The lines that make some targets something else."""
    return "\n".join(f"{target} = {template.format(target)}" for target, template in made)
