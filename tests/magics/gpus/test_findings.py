"""What is said of the GPUs beside their numbers."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import pytest

from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.finding import Finding
from dlmagic.magics.gpus.findings import findings_about
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.preallocation import TAKERS
from tests.devices.double.boards import GIB, Board, Process
from tests.magics.gpus.conftest import CONTAINER

SWITCHES = [name for taker in TAKERS for name in taker.switches]


@pytest.fixture(autouse=True)
def nothing_is_imported_or_set(monkeypatch) -> None:
    for taker in TAKERS:
        monkeypatch.delitem(sys.modules, taker.module, raising=False)
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)


def found() -> list[Finding]:
    with GpuReader() as reader:
        return list(findings_about(inspected(reader.read())))


def test_idle_gpus_need_no_words(machine) -> None:
    machine(Board(), Board())
    assert found() == []


def test_a_lost_gpu_comes_first(machine, stand_in) -> None:
    stand_in(CONTAINER)
    played = machine(Board(), Board(), Board())
    for gpu in (0, 2):
        played.break_down("*", gpu, code=15)
    first, *others = found()
    assert (first.kind, first.level) == ("gpu-unusable", "error")
    assert first.message.startswith("GPUs 0 and 2 cannot be used: the GPU is lost")
    assert [each.kind for each in others] == ["processes-missing"]


def test_a_container_is_told_once_for_all(machine, stand_in) -> None:
    stand_in(CONTAINER)
    machine(Board(), Board())
    (finding,) = found()
    assert finding.message == (
        "The list of processes may be incomplete: "
        "this is a container: processes outside of it are not listed."
    )


def test_what_holds_for_some_names_them(machine) -> None:
    machine(Board(), Board(mig=1))
    (finding,) = found()
    assert finding.message.startswith("The list of processes of GPU 1 may be incomplete")


@pytest.mark.parametrize(
    ("bits", "words"), [(0x40, "too warm"), (0x8 | 0x80, "hardware slowdown"), (0x5, None)]
)
def test_heat_and_bad_power_are_told_and_usual_limits_are_not(machine, bits, words) -> None:
    machine(Board(throttle=bits))
    told = [each.message for each in found() if each.kind == "gpu-slowed-down"]
    assert bool(told) == (words is not None)
    assert all("GPU 0 is slowed down" in text for text in told)
    assert words is None or words in told[0]


@pytest.mark.parametrize("taker", TAKERS, ids=lambda each: each.module)
def test_who_takes_memory_in_advance_is_told_with_the_switch(machine, monkeypatch, taker) -> None:
    machine(Board())
    monkeypatch.setitem(sys.modules, taker.module, ModuleType(taker.module))
    (finding,) = found()
    assert (finding.kind, finding.level) == ("preallocation", "hint")
    assert finding.message.startswith(f"{taker.name} takes")
    exec(finding.fix.code, {})  # sets what must not be set for it to be said
    try:
        assert found() == []
    finally:
        for name in taker.switches:
            os.environ.pop(name, None)


def test_it_is_not_told_when_it_is_too_late(machine, monkeypatch) -> None:
    machine(Board(used=GIB, processes=(Process(os.getpid()),)))
    monkeypatch.setitem(sys.modules, "jax", ModuleType("jax"))
    assert found() == []
