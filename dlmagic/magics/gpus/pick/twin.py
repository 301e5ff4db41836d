"""``dlmagic.pick_gpus``: the same for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from dlmagic.magics.gpus.pick.engine import pick
from dlmagic.magics.gpus.pick.handle import Pick
from dlmagic.magics.gpus.request import PickRequest

if TYPE_CHECKING:
    from dlmagic.magics.gpus.ranks.handle import RanksPick


@overload
def pick_gpus(
    n: int = 1,
    *,
    min_free: str | float | None = None,
    max_util: float | None = None,
    wait: str | float | None = None,
    form: str | None = None,
    on: None = None,
) -> Pick: ...


@overload
def pick_gpus(
    n: int = 1,
    *,
    min_free: str | float | None = None,
    max_util: float | None = None,
    wait: str | float | None = None,
    form: str | None = None,
    on: object,
) -> Pick | RanksPick: ...


def pick_gpus(
    n: int = 1,
    *,
    min_free: str | float | None = None,
    max_util: float | None = None,
    wait: str | float | None = None,
    form: str | None = None,
    on: object = None,
) -> Pick | RanksPick:
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
        on: A view, client or started cluster of ipyparallel: every engine gets ``n`` GPUs of its
            own then, or none gets any.

    Raises:
        TooLateError: CUDA has started in this process.
        NothingFreeError: Too few are free, or became free in time.
        PickError: There are none, or it cannot be told which may be taken.
        OptionError: An argument that cannot be meant.
        InputError: ``on`` means no engines.
        RankError: An engine failed or ended; none has a GPU of this pick then.
    """
    request = PickRequest.of(n, min_free=min_free, max_util=max_util, wait=wait, form=form)
    if on is None:
        return pick(request)
    from dlmagic.cluster.targets import engines_of
    from dlmagic.magics.gpus.ranks.handle import RanksPick
    from dlmagic.magics.gpus.ranks.picking import pick as pick_on

    engines = engines_of(on)
    return RanksPick(engines, pick_on(engines, request))
