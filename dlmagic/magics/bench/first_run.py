"""A first run that takes far longer than the second: something is kept from run to run.

Either the cell's own state holds it, such as a dictionary of results that the first run fills:
modes start from the state after that run, so they find the results and compute nothing. Or it
is kept outside, as by a library that compiles or sets itself up. Both make the times those of
later runs, which must be said.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.cell.subject import Subject
from dlmagic.display.units import seconds
from dlmagic.finding import Finding, Level

_IN_STATE = (3.0, 0.02)
"""Where only the first run changed any state: times as long, and seconds longer.

A neighbour on a busy machine makes any one run some milliseconds longer.
"""
_OUTSIDE = (5.0, 0.25)
"""Elsewhere: what frameworks do once per process explains less."""


def findings_about_first_runs(subjects: Sequence[Subject]) -> tuple[Finding, ...]:
    """About alternatives whose very first run took much longer than the second."""
    filled = [each for each in subjects if is_told_of_its_first_run(each)]
    outside = [each for each in subjects if each not in filled and _is_longer(each, *_OUTSIDE)]
    found = [
        *(_finding([each], "warning", "it left what the second one found") for each in filled),
        *([_finding(outside, "hint", "something was compiled or set up")] if outside else []),
    ]
    return tuple(found)


def is_told_of_its_first_run(subject: Subject) -> bool:
    """Whether a finding says that the first run left what the second one found."""
    return leaves_what_later_runs_find(subject) and _is_longer(subject, *_IN_STATE)


def leaves_what_later_runs_find(subject: Subject) -> bool:
    """Whether only the first run changed any state."""
    return subject.changes_state and not subject.changes_again


def _is_longer(subject: Subject, times: float, longer: float) -> bool:
    first, second = subject.run_seconds
    return first >= times * second and first - second >= longer


def _finding(subjects: Sequence[Subject], level: Level, what: str) -> Finding:
    runs = ", ".join(map(_both_runs, subjects))
    message = (
        f"The first run took much longer than the second ({runs}): {what}, as with a cache. The "
        "times are those of later runs."
    )
    return Finding("first-run", level, message)


def _both_runs(subject: Subject) -> str:
    first, second = (seconds(each, digits=2) for each in subject.run_seconds)
    whose = f"{subject.block}: " if subject.block else ""
    return f"{whose}{first} and {second}"
