"""What an alternative computes, and within which limits."""

from __future__ import annotations

from dlmagic.cell.output import Output, unheard
from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.choosing import framework_for
from dlmagic.frameworks.costs import CountsOperations, HasRoofline, OperationCount
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.roofline import Roofline, measure_roofline

_COUNTED = "only PyTorch, TensorFlow and JAX tell what they compute"


def computing_framework(subject: Subject) -> Framework | Reason:
    """The framework whose operations are counted."""
    framework, reason = framework_for(subject.values, subject.attributes)
    if framework is None:
        return Reason(reason.rstrip("."))
    if not isinstance(framework, CountsOperations):
        return Reason(f"{_COUNTED}, and this cell computes with none of them")
    return framework


def count_operations(subject: Subject, output: Output) -> OperationCount | Reason:
    """Count on one run of the cell as it is, never on what was timed; all state is put back."""
    framework = computing_framework(subject)
    if isinstance(framework, Reason):
        return framework
    assert isinstance(framework, CountsOperations)
    subject.snapshot.restore()
    try:
        with unheard(output):
            return framework.count_operations(subject.cell, subject.arguments, subject.run_once)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a cell may raise anything, SystemExit too
        explained = framework.explain_failure(error, subject.cell.source.filename)
        text = explained[0] if explained else f"{type(error).__name__}: {error}"
        return Reason(" ".join(text.split()).rstrip("."))
    finally:
        subject.snapshot.restore()


def roofline_of(
    framework: Framework, count: OperationCount, clock: Clock, *, again: bool = False
) -> Roofline | Reason:
    """See :func:`dlmagic.magics.bench.roofline.measure_roofline`."""
    if not isinstance(framework, HasRoofline):
        return Reason(f"the limits of {framework.name} are not measured")
    try:
        return measure_roofline(framework, count, clock, again=again)
    except Exception as error:  # a device may refuse a dtype, or be out of memory
        text = " ".join(str(error).split())[:160]
        return Reason(f"a large product could not be timed ({text})")
