"""Every function that is used, refusing with every code, on one GPU and on all.

Three GPUs, the first of them divided. Whatever fails, fields are as before or have a reason, and
GPUs that do not fail are read in full. What is shown of it says as much, and calls no GPU free of
which too little is known. The long forms try all codes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest

from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.machine.host import read_host
from dlmagic.devices.reading import Reason
from dlmagic.display.parts import LIMIT
from dlmagic.magics.gpus.findings import findings_about
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.result import GpuInfo, GpuReport
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.machine import EVERY, Machine

DIVIDED = Board(
    used=GIB,
    mig=1,
    parts=(Part("MIG-a", 1), Part("MIG-b", 2, slot=1)),
    processes=(Process(7, GIB, gi=1, ci=0),),
)
WHOLE = Board(used=2 * GIB, processes=(Process(8, GIB, "CG"), Process(9, GIB, "CM")))
BOARDS = (DIVIDED, WHOLE, WHOLE)

UNMAPPED = 12345
ALL_CODES = (*range(1, 31), 999, UNMAPPED)
TELLING = (3, 4, 6, 7, 13, 15, 999, UNMAPPED)
"""Those that are treated in a way of their own, and some of the others."""

OLD_NAMES = (
    "nvmlDeviceGetMemoryInfo",
    "nvmlDeviceGetTemperatureV",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
    "nvmlDeviceGetComputeRunningProcesses_v3",
)
"""Asked for where the others are missing."""

EXCUSED = {
    # The older form counts what is reserved as used.
    "nvmlDeviceGetMemoryInfo_v2": (13, 25),
    # Without the function, or with a GPU that knows no MIG, it is not divided.
    "nvmlDeviceGetMigMode": (3, 13),
    # Instances may be gone by the time they are asked for.
    "nvmlDeviceGetMigDeviceHandleByIndex": (6,),
    "nvmlDeviceGetUUID": (6,),
    # Drivers without these lists have nobody on them.
    "nvmlDeviceGetGraphicsRunningProcesses_v2": (13,),
    "nvmlDeviceGetGraphicsRunningProcesses_v3": (13,),
    "nvmlDeviceGetMPSComputeRunningProcesses_v2": (13,),
    "nvmlDeviceGetMPSComputeRunningProcesses_v3": (13,),
}

ADDED = ("unlisted", "trouble", "kinds")
"""What tells about refusals, and what is told by several lists together."""


def read() -> GpuReadings:
    with GpuReader() as reader:
        return reader.read()


def functions_in_use(machine: Machine) -> list[str]:
    read()
    used = {call.function for call in machine.calls()} - {"nvmlShutdown"}
    return [*sorted(used), *OLD_NAMES]


def reasons(value: object) -> Iterator[Reason]:
    """All reasons in a reading."""
    if isinstance(value, Reason):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from reasons(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from reasons(getattr(value, field.name))


def made_up(now: object, before: object) -> bool:
    """Whether a reading says something that is neither what it was, nor a reason."""
    if isinstance(now, Reason) or now == before:
        return False
    if isinstance(now, tuple) and isinstance(before, tuple) and len(now) == len(before):
        return any(made_up(*pair) for pair in zip(now, before, strict=True))
    if is_dataclass(now) and type(now) is type(before):
        names = [field.name for field in fields(now) if field.name not in ADDED]
        return any(made_up(getattr(now, name), getattr(before, name)) for name in names)
    return True


def check(machine: Machine, whole: GpuReadings, function: str, gpu: int, code: int) -> None:
    fault = machine.break_down(function, gpu, code=code)
    now = read()
    machine.mend(fault)
    case = f"{function} on {gpu} with {code}"
    if not now.gpus:
        assert code == now.missing.code, case
        return
    excused = code in EXCUSED.get(function, ())
    for place, (seen, known) in enumerate(zip(now.gpus, whole.gpus, strict=True)):
        if gpu not in (EVERY, place):
            assert seen == known, case
        elif not excused:
            assert not made_up(seen, known), case
        told = [reason.code for reason in reasons(seen)]
        assert seen == known or excused or code in told, case


def check_all(machine: Machine, codes: tuple[int, ...]) -> int:
    whole, checked = read(), 0
    for function in functions_in_use(machine):
        for code in codes:
            for gpu in (0, 1, EVERY):
                check(machine, whole, function, gpu, code)
                checked += 1
    return checked


def test_what_is_refused_has_its_reason_and_hides_nothing_else(machine) -> None:
    assert check_all(machine(*BOARDS), TELLING) > 500


@pytest.mark.prove
def test_every_function_may_refuse_with_every_code(machine) -> None:
    assert check_all(machine(*BOARDS), ALL_CODES) > 2240


HOST = read_host()
SHOWN = ("memory_total", "memory_used", "utilization", "temperature", "power", "processes", "parts")
"""Fields in the tables."""

FEW = (4, 15, UNMAPPED)


def report_on(readings: GpuReadings) -> GpuReport:
    gpus = inspected(readings)
    return GpuReport(
        gpus=gpus,
        findings=tuple(findings_about(gpus)),
        missing=str(readings.missing or ""),
        driver=readings.driver,
        cuda=readings.cuda,
        host=HOST,
        read_at=readings.read_at,
        seconds=readings.seconds,
    )


def check_shown(machine: Machine, function: str, gpu: int, code: int) -> None:
    fault = machine.break_down(function, gpu, code=code)
    report = report_on(read())
    machine.mend(fault)
    case = f"{function} on {gpu} with {code}"
    page = report._repr_mimebundle_(include=["text/html"])["text/html"]
    text = html.unescape(re.sub("<[^>]+>", " ", page))
    assert "could not be shown" not in text, case
    assert len(page.encode()) <= LIMIT, case
    for place, info in enumerate(report.gpus):
        assert info.free <= known_to_be_free(info), case
        assert all(words in text for words in unexplained(info)), case
        if gpu not in (EVERY, place):
            assert info.why in text, case


def known_to_be_free(info: GpuInfo) -> bool:
    """Whether all is known that must be known of a free GPU."""
    known = (info.memory_used, info.processes, info.divided)
    return info.trouble is None and not any(isinstance(each, Reason) for each in known)


def unexplained(info: GpuInfo) -> Iterator[str]:
    """What must be said where a number is missing: in the GPU's row, or below the tables."""
    if info.trouble is not None:
        yield str(info.trouble)[:40]
        return
    for name in SHOWN:
        value = getattr(info, name)
        if isinstance(value, Reason):
            yield str(value)


def check_all_shown(machine: Machine, codes: tuple[int, ...]) -> int:
    cases = [
        (function, gpu, code)
        for function in functions_in_use(machine)
        for code in codes
        for gpu in (0, 1, EVERY)
    ]
    for case in cases:
        check_shown(machine, *case)
    return len(cases)


def test_what_is_shown_explains_each_gap_and_calls_nothing_free_in_vain(machine) -> None:
    assert check_all_shown(machine(DIVIDED, Board()), FEW) > 200


@pytest.mark.prove
def test_what_is_shown_explains_every_refusal(machine) -> None:
    assert check_all_shown(machine(*BOARDS, Board()), ALL_CODES) > 2240


def test_without_a_fault_the_idle_one_is_free(machine) -> None:
    machine(DIVIDED, Board())
    assert [info.free for info in report_on(read()).gpus] == [False, True]


def test_a_function_that_answers_wrongly_is_found_by_this_test(machine) -> None:
    played = machine(*BOARDS)
    whole = read()
    played.change(1, temperature=0)
    assert made_up(read().gpus[1], whole.gpus[1])
    assert not made_up(read().gpus[2], whole.gpus[2])


@pytest.mark.parametrize(("code", "words"), [(15, "lost"), (16, "reset")])
def test_a_gpu_of_no_use_says_so(machine, code: int, words: str) -> None:
    played = machine(Board(), Board())
    played.break_down("*", 1, code=code)
    whole, lost = read().gpus
    assert whole.trouble is None
    assert words in str(lost.trouble)
    assert lost.index == 1


@pytest.mark.parametrize("code", [9, 17, 18, 999])
def test_a_driver_that_does_not_start_is_the_reason(machine, code: int) -> None:
    machine().break_down("nvmlInitWithFlags", code=code)
    found = read()
    assert (found.gpus, found.missing.code) == ((), code)
