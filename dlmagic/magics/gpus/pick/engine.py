"""From the request to the pick: refuse what cannot be, look, take, and tell CUDA."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.display.progress import Progress
from dlmagic.errors import NothingFreeError, PickError
from dlmagic.magics.gpus.pick.claiming import Claimed, Claimer
from dlmagic.magics.gpus.pick.current import current, set_current
from dlmagic.magics.gpus.pick.environment import write
from dlmagic.magics.gpus.pick.handle import Pick
from dlmagic.magics.gpus.pick.lateness import refuse_if_late
from dlmagic.magics.gpus.pick.outcome import picked
from dlmagic.magics.gpus.pick.result import ReleaseResult
from dlmagic.magics.gpus.pick.sight import Sight
from dlmagic.magics.gpus.pick.waiting import wait_for
from dlmagic.magics.gpus.pick.words import lasting, why_none_suits
from dlmagic.magics.gpus.request import PickRequest

_NOWHERE = Path(os.devnull)
"""Where no GPU sleeps: whoever picks one wants it awake."""

_one_at_a_time = threading.Lock()


def pick(request: PickRequest, program: str | None = None) -> Pick:
    """Take free GPUs for this process, and let CUDA see them alone.

    Where it fails or is interrupted, nothing has changed.

    Args:
        request: What is wanted.
        program: What others are told of this process; None for the name of its notebook or script.

    Raises:
        TooLateError: CUDA has started in this process.
        NothingFreeError: Too few are free, or became free in time.
        PickError: There are none, or it cannot be told which may be taken.
    """
    begun = time.monotonic()
    folder, own = LeaseFolder(program=program), current()
    environment = dict(os.environ) if own is None else own.inherited()
    with _alone(), _all_or_nothing(folder, own):
        with GpuReader(bound=_NOWHERE) as reader:
            refuse_if_late(request, reader)
            claimer = Claimer(request, environment, reader, folder, own)
            claimed = _claimed(claimer, begun)
        return _settled(claimed, own, time.monotonic() - begun)


def release() -> ReleaseResult:
    """Give back what this process has picked.

    Raises:
        PickError: It has picked nothing.
    """
    own = current()
    if own is None:
        raise PickError("There is nothing to release: this notebook has picked no GPU.")
    return own.release()


def give_back() -> None:
    """Give back what there is to give back, and say nothing: dlmagic is being unloaded."""
    own = current()
    if own is not None:
        own.release()


def _claimed(claimer: Claimer, begun: float) -> Claimed:
    outcome: Claimed | Sight = claimer.attempt()
    request = claimer.request
    if isinstance(outcome, Sight) and request.wait > 0:
        if claimer.own is not None:
            raise PickError(
                f"This process has {claimer.own.words} and must not wait for others: "
                "two that hold and wait would wait for each other.",
                "Run %gpus release first." if request.dashes else "Release that pick first.",
            )
        with Progress(alone=request.dashes) as progress:
            left = max(0.0, begun + request.wait - time.monotonic())
            outcome = wait_for(claimer, outcome, left, progress)
    if isinstance(outcome, Sight):
        raise NothingFreeError(_too_few(request, outcome), _advice(request))
    return outcome


def _settled(claimed: Claimed, own: Pick | None, waited: float) -> Pick:
    """The pick, with the environment written and that of a former pick put back."""
    if own is not None:
        own.end()
    written = write(dict(claimed.naming.variables))
    try:
        claims = [each.claim for each in claimed.devices]
        made = Pick(picked(claimed, written, waited), claims, claimed.leases, written)
        set_current(made)
    except BaseException:
        written.put_back()
        raise
    return made


@contextmanager
def _alone() -> Iterator[None]:
    if not _one_at_a_time.acquire(blocking=False):
        raise PickError("Another thread of this process is picking at this moment.")
    try:
        yield
    finally:
        _one_at_a_time.release()


@contextmanager
def _all_or_nothing(folder: LeaseFolder, own: Pick | None) -> Iterator[None]:
    """Give back what was taken if anything comes between, such as an interrupt."""
    before = folder.mine()
    try:
        yield
    except BaseException:
        for leases in folder.mine():
            if leases not in before and (own is None or leases is not own.leases):
                leases.release()
        if own is not None and own.released:
            own.end()
        raise


def _too_few(request: PickRequest, sight: Sight) -> str:
    waited = f" after {lasting(request.wait)} of waiting" if request.wait else ""
    free, there = len(sight.suiting), len(sight.candidates)
    if there == 1:
        head = f"The GPU is not free{waited}"
    elif not free:
        head = f"None of {there} GPUs is free{waited}"
    else:
        head = f"Only {free} of {there} GPUs {'is' if free == 1 else 'are'} free{waited}"
    return f"{head}. {why_none_suits(sight)}."


def _advice(request: PickRequest) -> str:
    if request.wait:
        return "Wait longer, or for fewer." if request.count > 1 else "Wait longer."
    wait = "%gpus pick --wait 10m" if request.dashes else 'pick_gpus(wait="10m")'
    return f"To wait until that changes: {wait}."
