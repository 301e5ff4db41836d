"""Asks the frameworks, each in a process of its own, as far as there is something to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dlmagic.devices.cuda.visible import visible_devices
from dlmagic.devices.driver.children import Answer, Child, wait_for
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.evidence import Asked, Machine, Told
from dlmagic.magics.gpus.check.reading import Tell

DEADLINE = 60.0
"""Seconds; the first import of a framework reads gigabytes."""

_ENOUGH = 2 * 2**30  # bytes; what is free of a GPU that may be computed on without harm to others


def ask(frameworks: Iterable[Asked], tell: Tell) -> tuple[Asked, ...]:
    """The same, with what each said; None of them is asked that cannot see anything."""
    known = tuple(frameworks)
    children: dict[str, Child] = {}
    try:
        for each in known:
            if worth_asking(each):
                children[each.framework.title] = _child(each)
        answers = wait_for(children, tell)
    finally:
        for child in children.values():
            child.end()
    return tuple(_with_answer(each, answers.get(each.framework.title)) for each in known)


def worth_asking(asked: Asked) -> bool:
    """Whether there is a device that the installed package could use."""
    wheel, machine = asked.wheel, asked.machine
    if wheel.cpu_only or _takes_a_tpu(asked):
        return False
    if machine.present:
        return machine.library.works
    return bool(machine.accelerators) and serves(asked)


def serves(asked: Asked) -> bool:
    """Whether the package was built for a device that is not NVIDIA's and is there."""
    kinds = {each.kind for each in asked.machine.accelerators}
    wheel = asked.wheel
    built = {
        "AMD GPU": wheel.rocm is not None,
        "Intel GPU": wheel.xpu is not None,
        "Apple GPU": wheel.name == "torch" and not wheel.cpu_only,
        "Google TPU": _takes_a_tpu(asked),
    }
    return any(built.get(kind, False) for kind in kinds)


def _takes_a_tpu(asked: Asked) -> bool:
    """Whether it takes a TPU for itself as soon as it is asked for devices."""
    return any(each.name.startswith("libtpu") for each in asked.wheel.plugins)


def _child(asked: Asked) -> Child:
    return Child(
        asked.framework.child,
        asked.machine.situation,
        deadline=DEADLINE,
        environ=asked.framework.environ,
        compute=_has_room(asked.machine),
    )


def _has_room(machine: Machine) -> bool:
    """Whether a few hundred megabytes on the first GPU take nothing from anybody."""
    if isinstance(machine.readings, Reason):
        return False
    devices = visible_devices(machine.readings, machine.situation.environ).devices
    if not devices:
        return False
    first = devices[0]
    free = first.gpu.memory_free if first.part is None else first.part.memory_free
    return isinstance(free, int) and free >= _ENOUGH


def _with_answer(asked: Asked, answer: Answer | None) -> Asked:
    if answer is None:
        return asked
    room = _has_room(asked.machine)
    value = answer.value
    told = value if isinstance(value, Reason) else _told(value, room)
    return replace(asked, told=told, printed=answer.printed)


def _told(value: dict[str, Any], computing: bool) -> Told:
    devices = tuple(
        (each["place"], each["name"], tuple(each["capability"]) if each["capability"] else None)
        for each in value["devices"]
    )
    return Told(
        version=value["version"],
        devices=devices,
        computed=bool(value["computed"]) if computing else None,
        architectures=tuple(value["architectures"]),
        words=value["words"],
    )
