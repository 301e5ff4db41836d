"""What is wrong with a training on several ranks, and on which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlmagic.finding import Finding
from dlmagic.magics.watch.judging import Judging
from dlmagic.magics.watch.ranks.standing import Standing, ranks_in_words
from dlmagic.magics.watch.ranks.watcher import RanksWatcher
from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.stopping import StopWish
from dlmagic.magics.watch.verdicts.culprit import finding_of

_ORDER = ("input", "parameter", "forward", "loss", "backward", "unknown", "donated", "result")
"""Of what is not finite on several ranks in one step, the first is likely the cause of the rest."""


class RanksJudging(Judging):
    """Judges what all ranks measured together, beside what each engine says of its own.

    Args:
        wish: Is asked to stop.
        watcher: Watches the ranks.
    """

    def __init__(self, wish: StopWish, watcher: RanksWatcher) -> None:
        super().__init__(wish, framework=watcher.framework)
        self._watcher = watcher

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All so far; what is not so on all ranks says on which."""
        together = {each.kind: each for each in super().findings}
        training = [rank for rank, each in enumerate(self._watcher.standing) if each.steps]
        told = _by_kind(self._watcher.standing, together)
        found = [_said(together.get(kind), of_ranks, training) for kind, of_ranks in told.items()]
        culprit = first_culprit(self._watcher.culprits())
        found += self._watcher.apart
        if culprit is None:
            return tuple(found)
        finding = replace(finding_of(culprit, self._watcher.framework), ranks=culprit.ranks)
        return (finding, *(each for each in found if each.kind != finding.kind))


def _by_kind(
    standing: Sequence[Standing], together: dict[str, Finding]
) -> dict[str, dict[int, Finding]]:
    """Each kind of finding, with what ranks say of it, by rank."""
    found: dict[str, dict[int, Finding]] = {kind: {} for kind in together}
    for rank, each in enumerate(standing):
        for finding in each.findings:
            found.setdefault(finding.kind, {})[rank] = finding
    return found


def _said(
    together: Finding | None, of_ranks: dict[int, Finding], training: Sequence[int]
) -> Finding:
    """One finding of a kind: of all ranks as one, or of those that have it."""
    everywhere = not of_ranks or set(of_ranks) >= set(training)
    if together is not None and everywhere:
        return together
    _rank, finding = next(iter(of_ranks.items()))
    where = "On all ranks" if everywhere else f"On {ranks_in_words(list(of_ranks))}"
    return replace(finding, message=f"{where}: {finding.message}", ranks=tuple(of_ranks))


def first_culprit(told: Sequence[tuple[int, Culprit]]) -> Culprit | None:
    """Who is to blame of those that ranks name; with all ranks on which it was the same."""
    if not told:
        return None
    rank, first = min(told, key=lambda each: (each[1].step, _ORDER.index(each[1].pass_), each[0]))
    place = (first.step, first.pass_, first.layer, first.parameter)
    same = [k for k, c in told if (c.step, c.pass_, c.layer, c.parameter) == place]
    return replace(first, ranks=tuple(sorted({rank, *same})))
