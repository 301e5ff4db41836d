"""``CUDA_VISIBLE_DEVICES`` hides the GPUs."""

from __future__ import annotations

from dlmagic.devices.cuda.entries import entries_of
from dlmagic.devices.cuda.visible import VARIABLE, visible_devices
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_JOB = "SLURM_JOB_ID"
_SIGNED = 2**63  # from here on a number was written with a minus
_UNSET = f'import os; os.environ.pop("{VARIABLE}", None)'


def hidden(machine: Machine) -> Cause | None:
    """The variable leaves none, whatever there is."""
    setting = machine.variable(VARIABLE)
    why = None if setting is None else _why_none(setting, machine)
    if setting is None or why is None:
        return None
    read = (f"{VARIABLE} is {setting!r} in this kernel", *_counted(machine))
    job = machine.variable(_JOB)
    if job is not None and _names_nothing(setting):
        return Cause(
            "job-without-gpu",
            f"The Slurm job {job} was given no GPU, so {VARIABLE}={setting} hides them all.",
            (*read, f"{_JOB} is {job}"),
            "Ask for one when the job is started.",
            "srun --gres=gpu:1 …",
        )
    return Cause(
        _kind(setting, why),
        _sentence(str(why)),
        read,
        "Take the variable away before any framework is imported; if one was, restart the kernel "
        "first. If it comes back, it is set where the notebook server is started.",
        _UNSET,
    )


def partly_hidden(machine: Machine) -> str | None:
    """What to say where some entries count and others do not."""
    if machine.variable(VARIABLE) is None or isinstance(machine.readings, Reason):
        return None
    found = visible_devices(machine.readings, machine.situation.environ)
    if not found.devices or not found.refused:
        return None
    first = found.refused[0]
    return f"{VARIABLE}={found.setting}: CUDA leaves {first.entry} out silently ({first.why})."


def _why_none(setting: str, machine: Machine) -> Reason | None:
    """Why there is none left; None where there is one, or where that cannot be told."""
    if not setting:
        return Reason(f"{VARIABLE} is empty, which hides all GPUs")
    if _names_nothing(setting):
        first = setting.split(",")[0]
        return Reason(f"{VARIABLE}={setting} hides all GPUs: {first} is no GPU")
    if isinstance(machine.readings, Reason) or machine.readings.missing is not None:
        return None
    found = visible_devices(machine.readings, machine.situation.environ)
    # Without the variable there may be none, either: MIG without instances is its own cause.
    others = {k: v for k, v in machine.situation.environ.items() if k != VARIABLE}
    at_all = visible_devices(machine.readings, others)
    return found.nothing if found.refused and at_all.devices else None


def _names_nothing(setting: str) -> bool:
    """Whether the first entry is none on any machine: -1, or a word."""
    first = entries_of(setting)[0]
    return first.kind == "nothing" or (first.number is not None and first.number >= _SIGNED)


def _kind(setting: str, why: Reason) -> str:
    if not setting:
        return "visible-devices-empty"
    if "twice" in why.text:
        return "visible-devices-repeated"
    return "visible-devices-invalid"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _counted(machine: Machine) -> tuple[str, ...]:
    return (f"the driver lists GPUs: {len(machine.gpus)}",) if machine.gpus else ()
