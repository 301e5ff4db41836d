"""What was found about one framework, in one sentence and with its causes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.devices.reading import Reason
from dlmagic.display.units import plural
from dlmagic.magics.gpus.check.asking import serves
from dlmagic.magics.gpus.check.catalogue import causes_of_framework
from dlmagic.magics.gpus.check.causes import this_kernel
from dlmagic.magics.gpus.check.causes.unexplained import other_maker
from dlmagic.magics.gpus.check.evidence import Asked, Told
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause, FrameworkCheck, State

_ON_THE_FIRST = " and computes on the first"


@dataclass(frozen=True)
class _Found:
    state: State
    answer: str
    causes: tuple[Cause, ...] = ()


def check_of(
    asked: Asked, of_machine: tuple[Cause, ...], *, installed: bool = True
) -> FrameworkCheck:
    """What was found about a framework.

    Args:
        asked: It, its package and what it said.
        of_machine: What keeps every framework from the device.
        installed: Whether it is there at all.
    """
    found = _found(asked, of_machine) if installed else _absent(asked, of_machine)
    return FrameworkCheck(
        framework=asked.framework.name,
        title=asked.framework.title,
        version=asked.wheel.version,
        state=found.state,
        devices=_devices(asked),
        answer=found.answer,
        causes=found.causes,
        remarks=tuple(_remarks(asked)),
    )


def _found(asked: Asked, of_machine: tuple[Cause, ...]) -> _Found:
    title = asked.framework.title
    own = causes_of_framework(asked) if asked.machine.present else ()
    if asked.sees and not own:
        return _Found("sees", _seen(asked))
    if not asked.machine.present:
        return _without_nvidia(asked)
    causes = (*of_machine, *own)
    told = asked.told
    if isinstance(told, Reason) and told.code is None:
        return _Found("unknown", f"{title} was asked and gave no answer ({told}).", causes)
    if asked.sees and own[0].kind in this_kernel.KINDS:
        return _Found("blind", f"{title} sees the GPU in a new process, and not in this one.", own)
    if isinstance(told, Told) and told.devices:
        return _Found("blind", f"{title} finds the GPU and cannot compute on it.", causes)
    return _Found("blind", f"{title} does not see the GPU.", causes)


def _without_nvidia(asked: Asked) -> _Found:
    title = asked.framework.title
    if asked.told is not None:
        answer = f"{title} does not see the {asked.machine.accelerators[0].kind}."
        return _Found("blind", answer, (other_maker(asked),))
    if not asked.machine.accelerators:
        return _Found("nothing to see", f"{title} computes on the processor.")
    kind = asked.machine.accelerators[0].kind
    if serves(asked):
        return _Found("unknown", f"{title} was not asked for the {kind}, which that would take.")
    return _Found(
        "nothing to see", f"{title} computes on the processor: it was not built for the {kind}."
    )


def _absent(asked: Asked, of_machine: tuple[Cause, ...]) -> _Found:
    name, title = asked.framework.name, asked.framework.title
    cause = Cause(
        "not-installed",
        f"{title} is not installed in the Python of this kernel.",
        (f"no package {name} where this kernel looks for modules",),
        "Install it, then restart the kernel.",
        install_command(asked) if asked.machine.present else f"%pip install {name}",
    )
    return _Found("not installed", cause.message, (*of_machine, cause))


def _seen(asked: Asked) -> str:
    told = asked.told
    count = len(told.devices) if isinstance(told, Told) else 0
    how = "" if not asked.computes else " and computes on it" if count == 1 else _ON_THE_FIRST
    return f"{asked.framework.title} sees {plural(count, 'GPU')} ({asked.seen}){how}."


def _devices(asked: Asked) -> tuple[str, ...]:
    if not isinstance(asked.told, Told):
        return ()
    return tuple(f"{place}: {name}" for place, name, _ in asked.told.devices)


def _remarks(asked: Asked) -> Iterator[str]:
    yield from this_kernel.remarks(asked)
    if asked.sees and isinstance(asked.told, Told) and asked.told.computed is None:
        yield "Nothing was computed on it: that takes 2 GB of its memory for a moment."
