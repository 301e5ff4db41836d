"""Do the frameworks see the device; if not, why, and what mends it.

Nothing is imported into this process and no driver is started in it: libraries and frameworks are
asked in processes of their own, with the environment variables of this one.
"""

from __future__ import annotations

import time

from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.machine.wheels import Wheel, read_wheels
from dlmagic.display.progress import Progress
from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.magics.gpus.check.answers import check_of
from dlmagic.magics.gpus.check.asking import ask
from dlmagic.magics.gpus.check.catalogue import causes_of_machine
from dlmagic.magics.gpus.check.causes.visible import partly_hidden
from dlmagic.magics.gpus.check.evidence import Asked, Machine
from dlmagic.magics.gpus.check.facts import facts_of
from dlmagic.magics.gpus.check.frameworks import FRAMEWORKS, Framework, framework_called
from dlmagic.magics.gpus.check.reading import read_machine
from dlmagic.magics.gpus.check.result import Cause, DeviceCheck, FrameworkCheck
from dlmagic.magics.gpus.check.surroundings import machine_in_words


def check(framework: str | None = None, *, situation: Situation | None = None) -> DeviceCheck:
    """Look for the devices with one framework, or with all that are installed.

    Args:
        framework: ``"torch"``, ``"tensorflow"`` or ``"jax"``; None for all.
        situation: Where to look; this process by default.

    Raises:
        OptionError: There is no such framework.
    """
    wanted = FRAMEWORKS if framework is None else (framework_called(framework),)
    begun = time.monotonic()
    with Progress(alone=False) as progress:

        def tell(who: str, seconds: float) -> None:
            progress.update(f"Asking {who}… {seconds:.0f} s")

        machine = read_machine(situation or Situation.here(), tell)
        asked = ask(_installed(wanted, machine), tell)
    causes = causes_of_machine(machine) if machine.present else ()
    checks = [check_of(each, causes) for each in asked]
    if framework is not None and not asked:
        checks.append(_not_installed(wanted[0], machine, causes))
    return DeviceCheck(
        environment=Environment.capture(),
        findings=tuple(_finding(cause) for cause in _all_causes(causes, checks)),
        frameworks=tuple(checks),
        machine=machine_in_words(machine),
        causes=causes,
        facts=tuple(facts_of(machine, asked)),
        remarks=tuple(filter(None, [partly_hidden(machine)])),
        seconds=time.monotonic() - begun,
    )


def _installed(wanted: tuple[Framework, ...], machine: Machine) -> list[Asked]:
    wheels = {wheel.name: wheel for wheel in read_wheels(machine.situation.path)}
    return [Asked(each, machine, wheels[each.name]) for each in wanted if each.name in wheels]


def _not_installed(
    framework: Framework, machine: Machine, causes: tuple[Cause, ...]
) -> FrameworkCheck:
    return check_of(Asked(framework, machine, Wheel(framework.name)), causes, installed=False)


def _all_causes(causes: tuple[Cause, ...], checks: list[FrameworkCheck]) -> list[Cause]:
    """Each once, those of the machine first."""
    listed = [*causes, *(cause for each in checks for cause in each.causes)]
    return list(dict.fromkeys(listed))


def _finding(cause: Cause) -> Finding:
    return Finding(cause.kind, "error", cause.message, fix=Fix(cause.remedy, cause.command))
