"""Whether what is wanted can be had here at all, however long one waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.devices.cuda.allocation import Allocation
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason
from dlmagic.display.units import data_size, plural
from dlmagic.errors import PickError
from dlmagic.magics.gpus.absence import why_none
from dlmagic.magics.gpus.pick.choosing import Candidate, liked
from dlmagic.magics.gpus.pick.words import names
from dlmagic.magics.gpus.request import PickRequest

_VAIN = "To wait would not change that."
_CHECK = "%gpus check finds out what is wrong."


def check_present(readings: GpuReadings) -> None:
    """Refuse where there is no GPU, or none that can be read.

    Raises:
        PickError: With the reason.
    """
    if readings.missing is not None:
        raise PickError(f"There is nothing to pick. {why_none(readings.missing)}", _CHECK)


def check_given(allocation: Allocation) -> None:
    """Refuse where this process was given no GPU, or where it cannot be told which.

    Raises:
        PickError: With the reason.
    """
    if allocation.nothing is not None or not allocation.devices:
        why = allocation.nothing or Reason("this process may use none of the GPUs here")
        raise PickError(f"There is nothing to pick: {why}.", _whose_setting(allocation))
    if allocation.doubt is not None:
        raise PickError(
            f"Which GPUs this process may use cannot be told: {allocation.doubt}.",
            "Set CUDA_DEVICE_ORDER=PCI_BUS_ID where CUDA_VISIBLE_DEVICES is set.",
        )


def check_possible(
    request: PickRequest, allocation: Allocation, candidates: Sequence[Candidate]
) -> None:
    """Refuse what no waiting would bring.

    Args:
        request: What is wanted.
        allocation: What this process was given.
        candidates: The same, judged.

    Raises:
        PickError: With the reason.
    """
    useful = liked(candidates, request.count)
    if len(useful) < request.count:
        raise PickError(" ".join(_too_few(request, allocation, candidates)), _VAIN)
    if sum(not each.vain for each in useful) < request.count:
        raise PickError(_none_suits(request, useful), _VAIN)


def _too_few(
    request: PickRequest, allocation: Allocation, candidates: Sequence[Candidate]
) -> Iterator[str]:
    whole = [each for each in candidates if each.part is None]
    kind = "GPU" if len(whole) == len(candidates) else "whole GPU"
    wanted, there = plural(request.count, kind), plural(len(whole), kind)
    if allocation.words:
        yield f"{wanted} cannot be had: this process may use {there}."
        yield f"{allocation.words[:1].upper()}{allocation.words[1:]}."
    else:
        yield f"{wanted} cannot be had: there {'is' if len(whole) == 1 else 'are'} {there} here."
    if len(whole) < len(candidates):
        yield "CUDA gives a process one instance of a divided GPU (MIG), and nothing beside it."


def _none_suits(request: PickRequest, useful: Sequence[Candidate]) -> str:
    vain = [each for each in useful if each.vain]
    sizes = [each.info.memory_total for each in useful]
    largest = max((size for size in sizes if not isinstance(size, Reason)), default=0)
    if request.min_free is not None and 0 < largest < request.min_free:
        name = "--min-free" if request.dashes else "min_free"
        return f"No GPU here has as much memory as {name}: the largest has {data_size(largest)}."
    told = "; ".join(f"{names([each])}: {each.bar}" for each in vain[:16])
    return f"{_wanted(request)} cannot be had here: {told}."


def _wanted(request: PickRequest) -> str:
    return "A GPU" if request.count == 1 else f"{plural(request.count, 'GPU')}"


def _whose_setting(allocation: Allocation) -> str:
    """Where to look, if a setting hides the GPUs."""
    if "CUDA_VISIBLE_DEVICES" not in f"{allocation.nothing} {allocation.words}":
        return _CHECK
    return "Whoever set it, such as a batch system, decides; if it was you, unset it and try again."
