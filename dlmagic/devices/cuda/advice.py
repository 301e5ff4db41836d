"""What a user does about the state of CUDA who wants certain GPUs."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.devices.cuda.device import bare
from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.reading import Reason

_RESTART = "restart the kernel, then run %gpus pick first"
_IN_A_CHILD = (
    "start the process with multiprocessing.get_context('spawn'), or restart the kernel and run "
    "%gpus pick first"
)


def advice(state: CudaState, wanted: Sequence[str]) -> str:
    """What to do, in a line; empty where the wanted GPUs can simply be chosen.

    Args:
        state: The state of CUDA in this process.
        wanted: The UUIDs of the wanted devices.
    """
    if state.kind == "unusable":
        return f"CUDA cannot be used in this process: {state.devices}; {_IN_A_CHILD}."
    if state.kind == "initialised":
        return f"CUDA was already started in this process{_by(state)}{_its_devices(state, wanted)}."
    if state.settled:
        return f"{' and '.join(state.settled)} and keeps to them: {_RESTART}."
    return ""


def _by(state: CudaState) -> str:
    if not state.by:
        return ""
    names = " or ".join(state.by) if not state.sure else " and ".join(state.by)
    return f" by {names}" if state.sure else f", probably by {names}"


def _its_devices(state: CudaState, wanted: Sequence[str]) -> str:
    if isinstance(state.devices, Reason):
        return f", and which GPUs it has is not known ({state.devices}): {_RESTART}"
    if not state.devices:
        return f" and was given no GPU: {_RESTART}"
    positions = [_position(uuid, state.devices) for uuid in wanted]
    if None in positions:
        return f" and has other GPUs ({_listed(state.devices)}): {_RESTART}"
    names = " and ".join(f"cuda:{position}" for position in positions)
    return f" and has {'this GPU' if len(wanted) == 1 else 'these GPUs'}: use {names}"


def _position(uuid: str, devices: Sequence[str]) -> int | None:
    return devices.index(bare(uuid)) if bare(uuid) in devices else None


def _listed(devices: Sequence[str]) -> str:
    return ", ".join(f"cuda:{place} is {uuid[:8]}…" for place, uuid in enumerate(devices))
