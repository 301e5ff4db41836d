"""All GPUs in a moment: one that fails, hangs or sleeps keeps no other from being read."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.deadline import Question, ask_all
from dlmagic.devices.gpus.asleep import BOUND, OnTheBus, gpus_on_the_bus
from dlmagic.devices.gpus.board import read_board
from dlmagic.devices.gpus.fixed import Fixed, read_fixed
from dlmagic.devices.gpus.gpu import Gpu, GpuReadings
from dlmagic.devices.gpus.system import System, read_system
from dlmagic.devices.nvml import NO_GPU
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NOT_FOUND

DEADLINE = 2.4
"""Seconds after which a reading comes back, whatever the driver does; to be shown within 2.5."""

_PATIENCE = 0.25  # of that time, for one GPU before the others go on without it
_ASLEEP = Reason("the GPU sleeps to save power, and a question would wake it")

Place = int | str
"""Where a GPU is asked for: its number, or its place on the bus."""
_BY = {int: "nvmlDeviceGetHandleByIndex", str: "nvmlDeviceGetHandleByPciBusId"}


class GpuReader:
    """Reads the GPUs as often as wanted; the driver's library is open from the first reading on.

    Use it in ``with``, or close it: an open library keeps a laptop's GPU awake.

    Args:
        deadline: Seconds that a reading may take.
        bound: Where the kernel lists the GPUs on the bus.
    """

    def __init__(self, *, deadline: float = DEADLINE, bound: Path = BOUND) -> None:
        self._deadline, self._bound = deadline, bound
        self._binding = Binding()
        self._turn = threading.Lock()  # one reading at a time
        self._opening: Question[System] | None = None
        self._late: dict[Place, Question[Gpu | None]] = {}
        self._fixed: dict[Place, Fixed] = {}

    def read(self) -> GpuReadings:
        """The GPUs now; within the deadline, with a reason for each answer that did not come."""
        with self._turn:
            begun, read_at = time.monotonic(), time.time()
            sleeping, places = self._on_the_bus()
            system = self._system() if places != [] else System.asleep(_ASLEEP)
            if places is None:
                places = list(range(system.count))
            left = self._deadline - (time.monotonic() - begun)
            gpus = [*self._awake(places, system, left), *map(_sleeper, sleeping)]
            seconds = time.monotonic() - begun
        missing = None if gpus else system.refused or NO_GPU
        return GpuReadings(tuple(gpus), system.driver, system.cuda, missing, read_at, seconds)

    def close(self) -> None:
        """End the library; where a call still hangs, that happens when it returns."""
        with self._turn:
            asked: list[Question[Any]] = [*self._late.values()]
            if self._opening is not None:
                asked.append(self._opening)
            hanging = [each for each in asked if not each.answered]
            ending = Question(partial(_end, self._binding, hanging))
            if asked:
                seconds = 0.0 if hanging else self._deadline
                ask_all([ending], patience=seconds, deadline=seconds)
            self._binding, self._opening = Binding(), None
            self._late, self._fixed = {}, {}

    def __enter__(self) -> GpuReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _on_the_bus(self) -> tuple[list[OnTheBus], list[Place] | None]:
        """Who sleeps, and where the others are; None to ask NVML for all that there are."""
        found = gpus_on_the_bus(self._bound)
        sleeping = [each for each in found if each.asleep]
        if not sleeping:
            return [], None
        return sleeping, [each.bus_id for each in found if not each.asleep]

    def _system(self) -> System:
        """Open the library if it is not open, and ask what concerns no single GPU."""
        if self._opening is None or self._opening.answered:
            self._opening = Question(partial(read_system, self._binding))
            ask_all([self._opening], patience=self._deadline, deadline=self._deadline)
        else:
            self._opening.wait(self._deadline)
        return self._opening.answer or System.refusing(self._silence(self._opening))

    def _awake(self, places: list[Place], system: System, seconds: float) -> list[Gpu]:
        if system.refused is not None:
            return []
        hanging = {place: each for place, each in self._late.items() if not each.answered}
        questions = {
            place: hanging.get(place) or Question(partial(self._read_one, place))
            for place in places
        }
        fresh = [each for place, each in questions.items() if place not in hanging]
        try:
            ask_all(fresh, patience=_PATIENCE * seconds, deadline=seconds)
        finally:
            self._late = {place: each for place, each in questions.items() if not each.answered}
        answers = [self._answer(place, each) for place, each in questions.items()]
        return [gpu for gpu in answers if gpu is not None]

    def _answer(self, place: Place, question: Question[Gpu | None]) -> Gpu | None:
        if place in self._late:
            return _unread(place, self._silence(question))
        return question.answer

    def _read_one(self, place: Place) -> Gpu | None:
        """One GPU; None for one on the bus that the driver does not let this process see."""
        device = self._binding.ask(_BY[type(place)], of=(place,))
        if isinstance(device, Reason):
            unseen = isinstance(place, str) and device.code == NOT_FOUND
            return None if unseen else _unread(place, device)
        index = place
        if isinstance(index, str):
            index = self._binding.ask("nvmlDeviceGetIndex", of=(device,))
        return read_board(self._binding, device, index, self._known(place, device))

    def _known(self, place: Place, device: Any) -> Fixed:
        found = self._fixed.get(place)
        if found is None:
            found = read_fixed(self._binding, device)
            if found.complete:
                self._fixed[place] = found
        return found

    def _silence(self, question: Question[Any]) -> Reason:
        waited = time.monotonic() - question.begun if question.begun else 0.0
        function = self._binding.asked_by(question.thread) or "its library"
        return Reason(f"NVIDIA's driver has not answered for {waited:.1f} s ({function})")


def _end(binding: Binding, hanging: list[Question[Any]]) -> None:
    """NVML must not be ended below a call."""
    for each in hanging:
        each.wait(threading.TIMEOUT_MAX)
    binding.stop()


def _unread(place: Place, why: Reason) -> Gpu:
    if isinstance(place, str):
        return Gpu.unread(why, why, bus_id=place)
    return Gpu.unread(place, why)


def _sleeper(found: OnTheBus) -> Gpu:
    return Gpu.unread(_ASLEEP, _ASLEEP, bus_id=found.bus_id, asleep=True)
