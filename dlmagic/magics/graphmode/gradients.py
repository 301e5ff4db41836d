"""Whether a graph's gradients are those of a plain run.

All floating-point outputs are projected on random directions, the same in both runs; the
gradient of that one number is compared, with respect to every parameter and input that can have
one. A wrong backward graph shows in it though the outputs agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from dlmagic.cell.compare import Tolerance, compare
from dlmagic.cell.frozen import FrozenContainer, freeze
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.gradients import Differentiated, Gradients
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell

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

    def differentiated(self, compiled: CompiledCell, subject: Subject) -> Differentiated | Reason:
        """How the gradients of a cell are found, or why there are none."""


def compare_gradients(call: Call, compiled: CompiledCell, output: Output) -> GradientCheck:
    """Run the cell plainly and as a graph once more, and compare gradients.

    The state is put back.
    """
    in_state = [item for item in call.plain.items if item[0].endswith(".grad']")]
    if in_state:
        return _of_own_backward(call, {name for name, _ in in_state})
    compiler, subject = compiled.compiler, call.subject
    if not isinstance(compiler, Differentiates):
        return _nothing("they are not compared in this mode")
    if call.draws and call.agreement is not None and call.agreement.agrees is None:
        return _nothing("the cell draws random numbers, and each mode draws its own")
    with unheard(output):
        return _of_two_runs(compiler, compiled, subject)


def _of_two_runs(
    compiler: Differentiates, compiled: CompiledCell, subject: Subject
) -> GradientCheck:
    runs = Runs(subject)
    subject.snapshot.restore()  # a later call may have left its own
    try:
        found = compiler.differentiated(compiled, subject)
        if isinstance(found, Reason):
            return _nothing(found.text)
        plain = runs.made(found.plain)
        if plain is None:
            return _nothing("no output depends on what could have one", runs.count)
        check = runs.compared(plain, runs.made(found.graph))
        # What no run repeats, the graph need not repeat either.
        if check.agrees is False and runs.compared(plain, runs.made(found.plain)).agrees is False:
            return _nothing("those of the plain run do not repeat", runs.count)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return _nothing(f"they could not be taken: {text:.120}", runs.count)
    return replace(check, runs=runs.count)


@dataclass
class Runs:
    """Runs that take gradients.

    Attributes:
        subject: What runs.
        count: How often it has run.
    """

    subject: Subject
    count: int = 0

    def made(self, take: Callable[[], Gradients | None]) -> Gradients | None:
        """The gradients of one run more; its state is put back."""
        self.count += 1
        try:
            return take()
        finally:
            self.subject.snapshot.restore()

    def compared(self, plain: Gradients, other: Gradients | None) -> GradientCheck:
        """Whether they are the same but for rounding."""
        frameworks = self.subject.frameworks
        one, another = (freeze(dict(each or {}), frameworks) for each in (plain, other))
        agreement = compare(one, another, Tolerance(None, None))
        small = agreement.max_error is not None and agreement.max_error < _ROUNDING
        agrees = True if agreement.agrees is None and small else agreement.agrees
        if agrees is False and small:
            return GradientCheck(None, f"gradients may differ by rounding: {agreement.reason}")
        return GradientCheck(agrees, "" if agrees else agreement.reason)


def _nothing(reason: str, runs: int = 0) -> GradientCheck:
    return GradientCheck(None, f"no gradients: {reason}", runs)


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
