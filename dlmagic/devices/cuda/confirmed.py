"""Whether CUDA, once it is started, really has the GPUs that were picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dlmagic.devices.cuda.device import bare
from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.reading import Reason

Answer = Literal["confirmed", "not yet", "other GPUs", "unknown"]


@dataclass(frozen=True)
class Confirmation:
    """What CUDA has, against what was picked.

    Attributes:
        answer: ``"confirmed"`` (the same GPUs in the same order), ``"not yet"`` (CUDA is not
            started), ``"other GPUs"``, or ``"unknown"``.
        words: What is wrong and what to do, in a line; empty where nothing is.
    """

    answer: Answer
    words: str = ""


def confirm(picked: Sequence[str], state: CudaState) -> Confirmation:
    """Compare the UUIDs that were picked with those that CUDA has.

    Args:
        picked: In the order in which they were written into ``CUDA_VISIBLE_DEVICES``.
        state: The state of CUDA in this process, read now.
    """
    if not state.too_late:
        return Confirmation("not yet")
    if isinstance(state.devices, Reason):
        return Confirmation("unknown", f"Which GPUs CUDA has is not known: {state.devices}.")
    wanted = tuple(map(bare, picked))
    if state.devices == wanted:
        return Confirmation("confirmed")
    if sorted(state.devices) == sorted(wanted):
        order = ", ".join(f"cuda:{state.devices.index(each)}" for each in wanted)
        return Confirmation("other GPUs", f"CUDA has the picked GPUs in another order: {order}.")
    return Confirmation("other GPUs", _in_words(wanted, state.devices))


def _in_words(wanted: Sequence[str], found: Sequence[str]) -> str:
    missing = [f"{each[:8]}…" for each in wanted if each not in found]
    more = [f"{each[:8]}…" for each in found if each not in wanted]
    parts = [f"lacks {', '.join(missing)}"] if missing else []
    parts += [f"has {', '.join(more)}, which was not picked"] if more else []
    return (
        f"CUDA {' and '.join(parts)}: something has changed CUDA_VISIBLE_DEVICES after the pick; "
        "restart the kernel and run %gpus pick first."
    )
