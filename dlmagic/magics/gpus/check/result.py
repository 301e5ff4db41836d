"""What ``%gpus check`` returns: who sees which devices, and if not, why and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from dlmagic.result import Result

State = Literal["sees", "blind", "unknown", "nothing to see", "not installed"]


@dataclass(frozen=True)
class Cause:
    """Why a device is not seen.

    Attributes:
        kind: Kebab-case name, such as ``"no-driver"``.
        message: One sentence.
        read: What was read that shows it.
        remedy: What to do, in one sentence.
        command: What to type for that; in a terminal, or a cell where it is Python or begins
            with ``%``.
    """

    kind: str
    message: str
    read: tuple[str, ...]
    remedy: str
    command: str


@dataclass(frozen=True)
class FrameworkCheck:
    """One framework and the devices.

    Attributes:
        framework: ``"torch"``, ``"tensorflow"`` or ``"jax"``.
        title: As it writes itself, ``"PyTorch"``.
        version: Of its package; None where it is not installed or does not tell.
        state: ``"sees"`` where a process of its own has really seen a device with it, ``"blind"``
            where it cannot, ``"unknown"`` where it gave no answer, ``"nothing to see"`` on a
            machine without one, or ``"not installed"``.
        devices: What it sees, such as ``"cuda:0: NVIDIA H100 80GB HBM3"``.
        answer: All that in one sentence.
        causes: Why it sees none, the first to be mended first; those of the machine are among
            them.
        remarks: What else was noticed.
    """

    framework: str
    title: str
    version: str | None
    state: State
    devices: tuple[str, ...]
    answer: str
    causes: tuple[Cause, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """Something that was read.

    Attributes:
        name: What it is about.
        value: What was read.
    """

    name: str
    value: str


@dataclass(frozen=True, repr=False, kw_only=True)
class DeviceCheck(Result):
    """Whether frameworks see the device.

    Attributes:
        frameworks: Those that were asked for, or all that are installed.
        machine: What there is to see, in one sentence.
        causes: What keeps every framework from it, the first to be mended first.
        facts: What was read, in the order in which a cause was looked for.
        remarks: What else was noticed about the machine.
        seconds: How long it took.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.check.view"

    frameworks: tuple[FrameworkCheck, ...] = ()
    machine: str = ""
    causes: tuple[Cause, ...] = ()
    facts: tuple[Fact, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    def __getitem__(self, framework: str) -> FrameworkCheck:
        """What was found about one framework.

        Raises:
            KeyError: It was not looked at.
        """
        for each in self.frameworks:
            if framework in (each.framework, each.title):
                return each
        raise KeyError(framework)

    @property
    def fine(self) -> bool:
        """Whether each framework has really seen a device, and there is one at least."""
        return bool(self.frameworks) and all(each.state == "sees" for each in self.frameworks)
