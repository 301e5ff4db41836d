"""Alternatives that change what they start from, once, and do other work from then on.

Every block of calls starts from the state after a first run, as a step of training does. What a
cell changes in that run alone, it finds changed in all calls that are timed: ``values.sort()`` is
timed on a sorted list. Whether that makes other work of it is measured, after everything else: a
buffer that is filled anew takes as long whatever it holds.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from dlmagic.cell.output import Output, unheard
from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.subject import Subject
from dlmagic.display.units import seconds
from dlmagic.finding import Finding, Fix
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.conditions import listed
from dlmagic.magics.bench.first_run import is_told_of_its_first_run, leaves_what_later_runs_find

_PAIRS, _LEAST_PAIRS = 11, 5
_SHARE = 0.1
"""Of the time for measuring, after which no further pair is begun."""
_TIMES, _LONGER = 2.0, 1e-6
"""How much longer one of the two takes: times as long, and seconds longer."""
_MOST_NAMES = 3


def findings_about_changed_starts(
    subjects: Sequence[Subject], clock: Clock, output: Output, budget: float
) -> Iterator[Finding]:
    """One for each alternative whose timed calls have other work than its first; state is put back.

    Args:
        subjects: The alternatives.
        clock: Where time is read.
        output: Where the prints of their runs go.
        budget: Seconds that measuring took or may take.
    """
    for subject in subjects:
        names = _changed_once(subject)
        if names:
            with unheard(output):
                first, later = _times(subject, clock, _SHARE * budget)
            if _are_apart(first, later):
                yield _finding(subject, names, statistics.median(first))


def _changed_once(subject: Subject) -> list[str]:
    """Variables that the first run alone has changed; none where it has changed more than those.

    What an object keeps for later calls, as a model may, is its own affair.
    """
    if not leaves_what_later_runs_find(subject) or is_told_of_its_first_run(subject):
        return []
    subject.snapshot.restore()
    changed = subject.start.changes()
    if any("." in each.path or not each.own for each in changed):
        return []
    return list(dict.fromkeys(each.path.partition("[")[0] for each in changed))


def _times(subject: Subject, clock: Clock, budget: float) -> tuple[list[float], list[float]]:
    """What a call takes from the state as the user left it, and from that after a first run.

    Both begin with the other state, so that caches hold as much of what is put back.
    """
    start, later = subject.start, subject.snapshot
    found: tuple[list[float], list[float]] = ([], [])
    end = clock.now() + budget
    try:
        with suppress(Exception):  # a cell may count its runs, and refuse one more
            while len(found[0]) < _PAIRS and clock.now() < end:
                found[0].append(_time_of_a_call(subject, (later, start), clock))
                found[1].append(_time_of_a_call(subject, (start, later), clock))
    finally:
        later.restore()
    return found


def _time_of_a_call(subject: Subject, states: Iterable[Snapshot], clock: Clock) -> float:
    for each in states:
        each.restore()
    function = subject.cell.function
    arguments = [subject.arguments[name] for name in subject.cell.parameters]
    with subject.within():
        begin = clock.now()
        _kept_alive = function(*arguments)
        return clock.now() - begin


def _are_apart(first: Sequence[float], later: Sequence[float]) -> bool:
    """Whether most calls from one state took far longer than most from the other."""
    if min(len(first), len(later)) < _LEAST_PAIRS:
        return False
    short, long = sorted((first, later), key=statistics.median)
    quickest, slowest = statistics.quantiles(long, n=4)[0], statistics.quantiles(short, n=4)[2]
    return quickest >= _TIMES * slowest and quickest - slowest >= _LONGER


def _finding(subject: Subject, names: Sequence[str], first: float) -> Finding:
    """About an alternative one call of which takes so long where nothing is changed yet."""
    who, what = subject.block or "The cell", listed(list(names[:_MOST_NAMES]))
    they, found, are = ("it", "it", "is") if len(names) == 1 else ("they", "them", "are")
    where = "" if subject.block is None else ", in all alternatives alike"
    return Finding(
        kind="changed-start",
        level="warning",
        message=(
            f"{who} changes {what} in its first call, and the calls that were timed found {found} "
            f"changed: where {what} {are} as before, one takes {seconds(first, digits=2)}."
        ),
        operands=tuple(names),
        fix=Fix(f"Copy {what} in the cell before {they} {are} changed{where}."),
    )
