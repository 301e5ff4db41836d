"""What is said of the GPUs beside their numbers."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from dlmagic.devices.cuda.preallocating import Preallocating, Switch, preallocating
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.finding import Finding
from dlmagic.magics.gpus import findings
from dlmagic.magics.gpus.findings import findings_about
from dlmagic.magics.gpus.inspection import inspected
from tests.devices.double.boards import GIB, Board, Process
from tests.magics.gpus.conftest import CONTAINER


@pytest.fixture(autouse=True)
def no_framework_takes_memory(monkeypatch) -> None:
    monkeypatch.setattr(findings, "preallocating", lambda: ())


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


JAX = Preallocating(
    "JAX",
    "75 % of each GPU's memory when it makes its first array",
    loaded=True,
    chosen=(),
    switches=(Switch("%env X=false", "takes memory as it needs it"), Switch("%env Y=1", "…")),
    too_late=None,
)


def test_who_takes_memory_in_advance_is_told_with_the_switch(machine, monkeypatch) -> None:
    machine(Board())
    monkeypatch.setattr(findings, "preallocating", lambda: (JAX, replace(JAX, loaded=False)))
    (finding,) = found()
    assert (finding.kind, finding.level) == ("preallocation", "hint")
    assert finding.message == "JAX takes 75 % of each GPU's memory when it makes its first array."
    assert finding.fix.code == "%env X=false"


def test_it_is_not_told_when_it_is_too_late(machine, monkeypatch) -> None:
    monkeypatch.setattr(findings, "preallocating", lambda: (JAX,))
    machine(Board(used=GIB, processes=(Process(os.getpid()),)))
    assert found() == []
    monkeypatch.setattr(findings, "preallocating", lambda: (replace(JAX, switches=()),))
    machine(Board())
    assert found() == []


def test_frameworks_in_use_are_asked_without_any_effect(machine, monkeypatch) -> None:
    pytest.importorskip("jax")
    monkeypatch.setattr(findings, "preallocating", preallocating)
    machine(Board())
    told = [each.message for each in found() if each.kind == "preallocation"]
    decided = [each.framework for each in preallocating() if each.too_late or not each.loaded]
    assert not any(text.startswith(name) for text in told for name in decided)
