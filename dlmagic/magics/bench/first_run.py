"""A first run that takes far longer than the second: something is kept from run to run.

Either the cell's own state holds it, such as a dictionary of results that the first run fills:
modes start from the state after that run, so they find the results and compute nothing. Or it
is kept outside, as by a library that sets itself up. Both make the times those of later runs,
which must be said.
"""

from __future__ import annotations

from dlmagic.display.units import seconds
from dlmagic.finding import Finding
from dlmagic.magics.bench.subject import Subject

_IN_STATE = (3.0, 1e-3)
"""Where only the first run changed any state: times as long, and seconds longer."""
_OUTSIDE = (5.0, 0.25)
"""Elsewhere: what frameworks do once per process explains less."""


def findings_about_first_run(subject: Subject) -> tuple[Finding, ...]:
    """About a cell whose very first run took much longer than the second."""
    first, second = subject.run_seconds
    filled = subject.changes_state and not subject.changes_again
    times, longer = _IN_STATE if filled else _OUTSIDE
    if first < times * second or first - second < longer:
        return ()
    whose = f" of {subject.block}" if subject.block else ""
    what = "it left what the second one found" if filled else "something was set up or remembered"
    message = (
        f"The first run{whose} took {seconds(first, digits=2)}, the second "
        f"{seconds(second, digits=2)}: {what} (a cache, a file, a library). The times are those of "
        "later runs."
    )
    return (Finding("first-run", "warning" if filled else "hint", message),)
