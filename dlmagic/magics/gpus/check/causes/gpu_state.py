"""The GPUs are there, and in a state in which they give nothing to CUDA."""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.refusal import LOST, RESET_REQUIRED
from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause


def lost(machine: Machine) -> Cause | None:
    """They no longer answer, or must be reset."""
    broken = _if_all(machine, _is_broken)
    if not broken:
        return None
    number = broken[0].index
    return Cause(
        "gpu-lost",
        f"{_named(broken)} has failed and must be reset.",
        tuple(f"GPU {each.index}: {each.trouble}" for each in broken),
        "Reset it, which ends all programs on it; where that is refused, restart the machine. "
        "`sudo dmesg | grep Xid` tells what happened.",
        f"sudo nvidia-smi --gpu-reset -i {number}",
    )


def divided_into_nothing(machine: Machine) -> Cause | None:
    """MIG is on, and nobody has made an instance."""
    empty = _if_all(machine, lambda gpu: gpu.divided is True and gpu.parts == ())
    if not empty:
        return None
    number = empty[0].index
    return Cause(
        "mig-without-instances",
        f"{_named(empty)} is divided (MIG is on), and there is no instance to compute on.",
        tuple(f"GPU {each.index}: MIG on, 0 instances" for each in empty),
        "Turn MIG off, as below, or make instances with `sudo nvidia-smi mig -cgi PROFILE -C` "
        "(`nvidia-smi mig -lgip` lists the profiles).",
        f"sudo nvidia-smi -i {number} -mig 0",
    )


def prohibited(machine: Machine) -> Cause | None:
    """An administrator has closed them to all programs."""
    closed = _if_all(machine, lambda gpu: gpu.compute_mode == "prohibited")
    if not closed:
        return None
    return Cause(
        "compute-prohibited",
        f"{_named(closed)} is closed to all programs: its compute mode is prohibited.",
        tuple(f"GPU {each.index}: compute mode prohibited" for each in closed),
        "Open it; that takes an administrator.",
        f"sudo nvidia-smi -i {closed[0].index} -c DEFAULT",
    )


def occupied(machine: Machine) -> Cause | None:
    """Each takes one program at a time, and has one."""
    taken = _if_all(machine, _is_taken)
    if not taken:
        return None
    return Cause(
        "exclusive-and-occupied",
        f"{_named(taken)} takes one program at a time (its compute mode is exclusive) and has one.",
        tuple(f"GPU {each.index}: {each.compute_mode}, held by {_holders(each)}" for each in taken),
        "Wait for that program to end, or let several share the GPU, which takes an administrator.",
        f"sudo nvidia-smi -i {taken[0].index} -c DEFAULT",
    )


def _if_all(machine: Machine, is_so: Callable[[Gpu], bool]) -> list[Gpu]:
    """The GPUs, if all that this process may use are so: one that is not would serve."""
    gpus = list(machine.usable)
    return gpus if all(map(is_so, gpus)) else []


def _is_broken(gpu: Gpu) -> bool:
    return gpu.trouble is not None and gpu.trouble.code in (LOST, RESET_REQUIRED)


def _is_taken(gpu: Gpu) -> bool:
    exclusive = isinstance(gpu.compute_mode, str) and gpu.compute_mode.startswith("exclusive")
    return exclusive and isinstance(gpu.processes, tuple) and bool(gpu.processes)


def _holders(gpu: Gpu) -> str:
    processes = gpu.processes if isinstance(gpu.processes, tuple) else ()
    return ", ".join(f"process {each.pid}" for each in processes[:3])


def _named(gpus: list[Gpu]) -> str:
    return "The GPU" if len(gpus) == 1 else "Each GPU"
