"""Whether a graph's gradients are those of a plain run.

All floating-point outputs are projected on random directions, the same in both runs; the
gradient of that one number is compared, with respect to every parameter and input that can have
one. A wrong backward graph shows in it though the outputs agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dlmagic.cell.compare import Tolerance, compare
from dlmagic.cell.frozen import FrozenContainer, freeze
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.subject import Subject
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import Captured, CompiledCell

_ROUNDING = 1e-3
"""Relative differences below this may come from sums in another order; above it, they do not."""


@dataclass(frozen=True)
class GradientCheck:
    """How gradients compare.

    Attributes:
        agrees: None where there are none, or they could not be compared.
        reason: What differs, or why nothing was compared.
        runs: How often the cell was run for it.
    """

    agrees: bool | None = None
    reason: str = ""
    runs: int = 0


@runtime_checkable
class Differentiates(Protocol):
    """A compiler of a framework that knows gradients."""

    def leaves(self, subject: Subject) -> tuple[dict[str, object], dict[str, object]]:
        """What gradients are taken for, by name; and other values for arguments, to have some."""

    def gradients(
        self, returned: tuple[object, ...], leaves: Mapping[str, object]
    ) -> dict[str, object] | None:
        """Of a projection of what a run returned; None where nothing depends on the leaves."""

    def another(self, compiled: CompiledCell, subject: Subject) -> CompiledCell:
        """The cell compiled anew, with nothing in common with what it was compiled to before."""


def compare_gradients(call: Call, compiled: CompiledCell, output: Output) -> GradientCheck:
    """Run the cell plainly and as a graph once more, and compare gradients.

    The state is put back.
    """
    in_state = [item for item in call.plain.items if item[0].endswith(".grad']")]
    if in_state:
        return _of_own_backward(call, {name for name, _ in in_state})
    compiler = compiled.compiler
    if not isinstance(compiler, Differentiates):
        return GradientCheck(None, "gradients are not compared in this mode")
    subject = call.subject
    leaves, replaced = compiler.leaves(subject)
    if not leaves:
        return GradientCheck(None, "there is nothing to differentiate")
    runs = 0
    subject.snapshot.restore()  # a later call may have left its own
    try:
        with unheard(output):
            runs += 1
            plain = compiler.gradients(subject.run(replaced), leaves)
            subject.snapshot.restore()
            if plain is None:
                return GradientCheck(None, "no output depends on what could have a gradient", runs)
            of_graph = compiler.another(compiled, subject) if replaced else compiled
            runs += 1
            returned = of_graph.run({**subject.arguments, **replaced}, Captured())
            graph = compiler.gradients(returned, leaves)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return GradientCheck(None, f"gradients could not be taken: {text:.120}", runs)
    finally:
        subject.snapshot.restore()
    return _compared(subject, plain, graph or {}, runs)


def _compared(
    subject: Subject, plain: Mapping[str, object], graph: Mapping[str, object], runs: int
) -> GradientCheck:
    one, other = (freeze(dict(each), subject.frameworks) for each in (plain, graph))
    agreement = compare(one, other, Tolerance(None, None))
    small = agreement.max_error is not None and agreement.max_error < _ROUNDING
    agrees = True if agreement.agrees is None and small else agreement.agrees
    if agrees is False and small:
        return GradientCheck(None, f"gradients may differ by rounding: {agreement.reason}", runs)
    return GradientCheck(agrees, "" if agrees else agreement.reason, runs)


def _of_own_backward(call: Call, names: set[str]) -> GradientCheck:
    """The gradients that the cell's own ``backward()`` has left."""
    if call.graph is None:
        return GradientCheck()
    one, other = (
        FrozenContainer("dict", tuple(item for item in each.items if item[0] in names))
        for each in (call.plain, call.graph)
    )
    agreement = compare(one, other, Tolerance(None, None))
    whole = call.agreement is not None and call.agreement.agrees is True
    agrees = True if whole else agreement.agrees
    return GradientCheck(agrees, "" if agrees else agreement.reason)
