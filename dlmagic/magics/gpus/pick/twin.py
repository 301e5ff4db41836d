"""``dlmagic.pick_gpus``: the same for scripts."""

from __future__ import annotations

from dlmagic.magics.gpus.pick.engine import pick
from dlmagic.magics.gpus.pick.handle import Pick
from dlmagic.magics.gpus.request import PickRequest


def pick_gpus(
    n: int = 1,
    *,
    min_free: str | float | None = None,
    max_util: float | None = None,
    wait: str | float | None = None,
    form: str | None = None,
) -> Pick:
    """Take free GPUs for this process, and let CUDA see them alone.

    To be called before anything uses CUDA::

        with dlmagic.pick_gpus(wait="10m") as pick:
            model.to(pick.device)

    Args:
        n: How many; all of them or none are taken.
        min_free: Memory that must be free on each, such as ``"8GB"``; a number counts bytes.
        max_util: Percent that each may be busy at most.
        wait: How long to wait for them: ``"10m"``, ``"forever"``, or a number of seconds; None
            not to wait.
        form: ``"index"`` or ``"uuid"``: how to name them in ``CUDA_VISIBLE_DEVICES``; None for
            numbers where they are safe.

    Raises:
        TooLateError: CUDA has started in this process.
        NothingFreeError: Too few are free, or became free in time.
        PickError: There are none, or it cannot be told which may be taken.
        OptionError: An argument that cannot be meant.
    """
    return pick(PickRequest.of(n, min_free=min_free, max_util=max_util, wait=wait, form=form))
