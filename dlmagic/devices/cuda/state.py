"""Whether it is too late to choose GPUs for this process, told without any effect.

CUDA reads ``CUDA_VISIBLE_DEVICES`` once, when it is started, by whichever framework; later
changes do nothing, and nobody says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dlmagic.devices.cuda.driver import devices_of, is_started, loaded_driver
from dlmagic.devices.cuda.forks import note_started, was_started_before_the_fork, watch_forks
from dlmagic.devices.cuda.starters import likely_starters
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.devices_made import DevicesMade, devices_made

Kind = Literal["untouched", "loaded", "initialised", "unusable"]

_NOT_STARTED = Reason("CUDA is not started in this process")
_FORKED = Reason(
    "it was started before this process was forked from another one, and such a child cannot use it"
)


@dataclass(frozen=True)
class CudaState:
    """How far CUDA has got in this process.

    Attributes:
        kind: ``"untouched"`` (its library is not loaded), ``"loaded"`` (but not started: GPUs can
            still be chosen), ``"initialised"`` (it has its devices), or ``"unusable"``.
        devices: The UUIDs of its devices in its order, as CUDA has them: without ``GPU-`` or
            ``MIG-``; or why there are none.
        by: The frameworks that have started it, or may have.
        sure: Whether those of ``by`` tell so themselves.
        settled: What frameworks keep to, whatever CUDA does: ``"JAX has made its devices (cpu)"``.
    """

    kind: Kind
    devices: tuple[str, ...] | Reason
    by: tuple[str, ...] = ()
    sure: bool = False
    settled: tuple[str, ...] = ()

    @property
    def too_late(self) -> bool:
        """Whether choosing GPUs has no effect on CUDA any more."""
        return self.kind in ("initialised", "unusable")


def read_cuda_state() -> CudaState:
    """The state of CUDA in this process, and what the frameworks in use have decided."""
    watch_forks()
    made = devices_made()
    kind, devices = _kind_and_devices(loaded_driver(), made)
    by, sure = likely_starters(made) if kind in ("initialised", "unusable") else ((), False)
    settled = tuple(each.settled for each in made if each.settled is not None)
    return CudaState(kind, devices, by, sure, settled)


def _kind_and_devices(
    driver: Any | None, made: tuple[DevicesMade, ...]
) -> tuple[Kind, tuple[str, ...] | Reason]:
    if driver is None:
        return "untouched", _NOT_STARTED
    if is_started(driver):
        note_started()
        return "initialised", devices_of(driver)
    if any(each.forked for each in made) or was_started_before_the_fork():
        return "unusable", _FORKED
    return "loaded", _NOT_STARTED
