"""A session whose model is trained by all ranks of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlmagic.cluster.engines import Engines
from dlmagic.errors import InputError
from dlmagic.magics.watch import engine
from dlmagic.magics.watch.judging import Judging
from dlmagic.magics.watch.rank_result import RankState
from dlmagic.magics.watch.ranks.judging import RanksJudging
from dlmagic.magics.watch.ranks.watcher import RanksWatcher
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.result import WatchResult
from dlmagic.magics.watch.session import WatchSession
from dlmagic.magics.watch.stopping import StopWish

MOST_RANKS = 64
"""Ranks that a result has one by one."""


class RanksSession(WatchSession):
    """A model of all ranks that is watched.

    Args:
        watcher: Watches it there.
        request: How.
        ended: Called with it when it has ended.
    """

    def __init__(
        self,
        watcher: RanksWatcher,
        request: WatchRequest,
        ended: Callable[[WatchSession], object] = lambda _: None,
    ) -> None:
        self._ranks = watcher
        as_any_other: Any = watcher
        super().__init__(watcher.model, watcher.name, as_any_other, request, {}, ended)
        self._kind = watcher.model.kind

    @property
    def engines(self) -> Engines:
        """The ranks."""
        return self._ranks.engines

    def result(self) -> WatchResult:
        """All that was seen so far, as a value that can be kept."""
        found = super().result()
        if self._final is found:
            return found
        ranks = self._ranks.ranks
        return replace(found, ranks=kept_of(ranks), rank_count=len(ranks))

    def _new_wish(self) -> StopWish:
        return InterruptRanks(self._ranks)

    def _new_judging(self, request: WatchRequest) -> Judging:  # noqa: ARG002 - it cannot stop
        return RanksJudging(self.wish, self._ranks)

    def _name_loss(self, name: str, namespace: Mapping[str, object]) -> None:
        """Rank 0 looks for it, where the training is."""


def kept_of(ranks: Sequence[RankState]) -> tuple[RankState, ...]:
    """Those that a result keeps, so that it stays small: all of a few, else the lost ones first."""
    if len(ranks) <= MOST_RANKS:
        return tuple(ranks)
    chosen = sorted(ranks, key=lambda each: (not each.lost, each.rank))[:MOST_RANKS]
    return tuple(sorted(chosen, key=lambda each: each.rank))


class InterruptRanks(StopWish):
    """A wish to stop that interrupts the engines: a rank that stops alone keeps others waiting.

    Args:
        watcher: Knows the engines.
    """

    def __init__(self, watcher: RanksWatcher) -> None:
        super().__init__()
        self._watcher = watcher

    def ask(self, why: str) -> None:  # noqa: ARG002 - there is only one
        """Interrupt what all ranks do."""
        self._watcher.interrupt()


def begin(engines: Engines, name: str, request: WatchRequest) -> WatchSession:
    """Watch the model of this name on all ranks; one that is watched already is begun anew.

    Raises:
        InputError: A rank has no such model, or the request cannot be used on a cluster.
        RankError: A rank does not answer.
    """
    if request.stop_on:
        stop_on = "--stop-on" if request.dashes else "stop_on"
        raise InputError(
            f"{stop_on} is not for several ranks: one that stops alone keeps the others waiting.",
            "Watch without it; what is wrong is told with its rank.",
        )
    engine.let_go(name, "it was watched again")
    watcher = RanksWatcher(engines, name, request)
    try:
        return engine.add(RanksSession(watcher, request, engine.forget), watcher.model)
    except BaseException:
        watcher.end()
        raise
