"""The stage in which fresh processes measure, in place of this one."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.cell.checking import Checks
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.isolated.process import run_task
from dlmagic.magics.bench.isolated.repetitions import repeat
from dlmagic.magics.bench.isolated.report import isolated_result
from dlmagic.magics.bench.isolated.task import Parcel
from dlmagic.magics.bench.report import environment_with
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult


def run_isolated(
    choices: Sequence[Choice],
    reference: Choice,
    checks: Checks,
    parcel: Parcel,
    request: Request,
    surroundings: Surroundings,
    notes: tuple[str, ...],
) -> BenchResult:
    """Measure every arm in fresh processes.

    Answers of modes are compared within each process with those of the alternative as it is;
    alternatives are compared with each other here, by the runs that have been made already.

    Raises:
        KeyboardInterrupt: The user stopped it before any process was started.
    """
    blocks = {choice.subject.block for choice in choices}
    across = {block: checks.across(block) if request.check else None for block in blocks}
    started = surroundings.clock.now()
    launch = surroundings.launch or run_task
    done = repeat(choices, parcel, request, launch, surroundings.tell)
    return isolated_result(
        request,
        choices,
        reference.name,
        done,
        lambda choice: across[choice.subject.block],
        environment_with(choices[0].subject.frameworks),
        surroundings.clock.now() - started,
        notes,
    )
