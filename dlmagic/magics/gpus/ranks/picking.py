"""A GPU of its own for every rank, or for none: each engine picks, under the usual leases.

Nobody holds a GPU while another rank waits for one: two clusters that did so could wait for each
other for ever. Where one rank has to go without, all others give back and all try again later.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import dlmagic.errors
from dlmagic.cluster.engines import Engines
from dlmagic.devices.leases.label import this_program
from dlmagic.display.progress import Progress
from dlmagic.environment import Environment
from dlmagic.errors import NothingFreeError, PickError, TooLateError
from dlmagic.magics.gpus.pick.result import PickResult, ReleaseResult
from dlmagic.magics.gpus.pick.words import lasting
from dlmagic.magics.gpus.ranks.pick_result import (
    RankPick,
    RankRelease,
    RanksPickResult,
    RanksReleaseResult,
)
from dlmagic.magics.gpus.ranks.shortage import shortage
from dlmagic.magics.gpus.request import PickRequest

_THERE = "dlmagic.magics.gpus.ranks.there"
_SHORTEST, _LONGEST = 0.5, 5.0
"""Seconds between two tries of who waits, at first and at last."""


@dataclass(frozen=True)
class Failed:
    """Why a rank could not pick.

    Attributes:
        rank: Which.
        kind: Name of the error.
        message: What it says.
        hint: What to do.
    """

    rank: int
    kind: str
    message: str
    hint: str


def pick(engines: Engines, request: PickRequest, name: str = "VIEW") -> RanksPickResult:
    """Take free GPUs for all ranks, before CUDA starts there.

    Args:
        engines: The ranks.
        request: What each of them wants.
        name: What the user calls the view, for advice.

    Raises:
        PickError: Not every rank could have what it wants; none has anything now.
        RankError: An engine failed or ended; none has anything now.
    """
    begun = time.monotonic()
    with Progress(alone=request.dashes) as progress:
        outcome = _attempt(engines, request)
        pause = _SHORTEST
        while (failed := _worst(outcome)) is not None:
            waited = time.monotonic() - begun
            if failed.kind != NothingFreeError.__name__ or waited >= request.wait:
                raise _error(engines, request, failed, name)
            progress.update(f"Waiting for GPUs for {len(engines)} ranks: {lasting(waited)}")
            left = request.wait - waited
            time.sleep(min(left, pause * random.uniform(0.5, 1.0)))  # not in step with others
            pause = min(_LONGEST, 1.5 * pause)
            outcome = _attempt(engines, request)
    picks = [each for each in outcome if isinstance(each, PickResult)]
    return _result(engines, picks, time.monotonic() - begun)


def release(engines: Engines) -> RanksReleaseResult:
    """Give back what the ranks have picked.

    Raises:
        PickError: None has picked anything.
    """
    told = engines.run(f"{_THERE}:release")
    ranks = tuple(
        RankRelease(rank, engines.hosts[rank], ReleaseResult.from_dict(each))
        for rank, each in enumerate(told)
        if each is not None
    )
    if not ranks:
        raise PickError("There is nothing to release: no rank has picked a GPU.")
    return RanksReleaseResult(environment=Environment.capture(), ranks=ranks)


def _attempt(engines: Engines, request: PickRequest) -> list[PickResult | Failed]:
    """Let all ranks pick at once; where one of them cannot, none has anything afterwards."""
    arguments = {"request": asdict(replace(request, wait=0.0)), "program": this_program()}
    try:
        told = engines.run(f"{_THERE}:take", arguments)
    except BaseException:
        with suppress(Exception):  # the first trouble is what the user must hear of
            engines.alive.run(f"{_THERE}:undo")
        raise
    outcome = [_read(rank, each) for rank, each in enumerate(told)]
    if _worst(outcome) is not None:
        engines.run(f"{_THERE}:undo")
    return outcome


def _read(rank: int, told: dict[str, Any]) -> PickResult | Failed:
    if "failed" in told:
        return Failed(rank, **told["failed"])
    return PickResult.from_dict(told["picked"])


def _worst(outcome: Sequence[PickResult | Failed]) -> Failed | None:
    """The failure to tell of: one that waiting does not change comes first."""
    failed = [each for each in outcome if isinstance(each, Failed)]
    lasting_ones = (each for each in failed if each.kind != NothingFreeError.__name__)
    return next(lasting_ones, failed[0] if failed else None)


def _error(engines: Engines, request: PickRequest, failed: Failed, name: str) -> PickError:
    kind: Callable[[str, str], PickError] = getattr(dlmagic.errors, failed.kind, PickError)
    where = f"Rank {failed.rank} of {len(engines)} on {engines.hosts[failed.rank]}"
    if failed.kind == TooLateError.__name__:
        restart = "Start new engines with cluster.restart_engines_sync(), and pick before all else."
        return kind(f"{where} cannot pick: {failed.message}", restart)
    if failed.kind != NothingFreeError.__name__:
        return kind(f"{where} cannot pick: {failed.message}", failed.hint)
    told = shortage(engines, request) or f"{where} finds none: {failed.message}"
    return kind(f"{told} No rank has picked any.", _advice(request, name))


def _advice(request: PickRequest, name: str) -> str:
    if request.wait:
        return "Wait longer, or use a view of fewer engines."
    wait = f"%gpus pick --wait 10m --on {name}" if request.dashes else 'pick_gpus(wait="10m")'
    return f"Use a view of fewer engines, or wait until that changes: {wait}."


def _result(engines: Engines, picks: Sequence[PickResult], waited: float) -> RanksPickResult:
    findings = (finding for each in picks for finding in each.findings)
    return RanksPickResult(
        environment=Environment.capture(),
        findings=tuple(dict.fromkeys(findings)),
        ranks=tuple(RankPick(rank, engines.hosts[rank], each) for rank, each in enumerate(picks)),
        waited=waited,
    )
