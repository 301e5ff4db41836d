"""A new process sees the GPU, and this one cannot any more."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.cuda.visible import VARIABLE
from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.result import Cause

KINDS = ("forked-child", "kernel-without-gpu")
_RESTART = "import os; os._exit(0)  # ends this kernel; Jupyter starts it again"


def forked(asked: Asked) -> Cause | None:
    """It was forked from a process that used CUDA."""
    state = asked.machine.situation.cuda
    if state is None or state.kind != "unusable":
        return None
    return Cause(
        "forked-child",
        "This process was forked from one that had started CUDA, and no such child can use it.",
        (f"CUDA in this process: {state.devices}",),
        "Start such processes afresh instead (spawn), or use CUDA only after the fork.",
        'import multiprocessing\nmultiprocessing.set_start_method("spawn", force=True)',
    )


def settled(asked: Asked) -> Cause | None:
    """The framework looked for devices when none was visible, and keeps to what it found."""
    state = asked.machine.situation.cuda
    made = () if state is None or not asked.sees else state.settled
    mine = next((each for each in made if each.startswith(asked.framework.title)), None)
    if mine is None or "(" not in mine:  # without them, it may have found the GPU
        return None
    return Cause(
        "kernel-without-gpu",
        f"{mine} in this kernel and keeps to them, though a new process sees the GPU.",
        (mine, f"{asked.framework.title} in a new process sees {asked.seen}"),
        "Restart the kernel.",
        _RESTART,
    )


def remarks(asked: Asked) -> Iterator[str]:
    """What holds after a restart alone."""
    state = asked.machine.situation.cuda
    if state is None or not asked.sees:
        return
    if state.kind == "initialised" and isinstance(state.devices, tuple):
        if len(state.devices) != asked.machine.library.devices:
            yield (
                f"CUDA was started in this kernel with {len(state.devices)} of them; what "
                f"{VARIABLE} says now counts after a restart of the kernel."
            )
    elif state.kind == "loaded" and asked.framework.name in asked.machine.situation.modules:
        yield (
            f"That was asked in a new process. If {asked.framework.title} found no GPU in this "
            "kernel before, it does so until the kernel is restarted."
        )
