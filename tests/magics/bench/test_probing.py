"""The passes after timing: what each arm gets, what is said where one cannot tell, interrupts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.devices.host import HostMemory
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.probing import Probes
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.timed_arm import timed_arms
from tests.magics.bench.parts import Steps

WATTS = 200.0


class Meter:
    """A board that takes 200 watts; its counter has no steps."""

    window = 0.2

    closed = 0

    def joules(self, devices: Sequence[str] | None = None) -> Mapping[str, float] | Reason:
        assert devices == ["GPU-a"]
        return {"GPU-a": 7e6 + WATTS * time.perf_counter()}

    def close(self) -> None:
        self.closed += 1


class Refusing(Meter):
    def joules(self, devices: Sequence[str] | None = None) -> Reason:
        return Reason("this machine has no NVIDIA driver")


class Interrupted(Meter):
    def joules(self, devices: Sequence[str] | None = None) -> Mapping[str, float]:
        raise KeyboardInterrupt


class OnGpu(TorchFramework):
    def gpus_in_use(self) -> Sequence[str]:
        return ("GPU-a",)


def probes(meter: Meter, cell: str = "y = x @ x", modes: Sequence[str] = ("eager",)) -> Probes:
    framework = OnGpu(backend="eager")
    names = {"x": torch.ones(32, 32)}
    steps = Steps(cell, names, frameworks=(framework, PlainFramework((framework,))))
    contestants = {mode: steps.contestant(mode, framework) for mode in modes}
    runners = [c.runner for c in contestants.values() if c.runner]
    surroundings = Surroundings(StreamOutput(), energy_meter=meter)
    return Probes(timed_arms(contestants, measure(runners, seconds=0.1)), surroundings)


def request(**options: bool) -> Request:
    return Request(CellSource.from_text("1"), {}, **options)


@pytest.mark.alone
def test_energy_is_power_times_time() -> None:
    meter = Meter()
    found = probes(meter)
    found.run(request(energy=True))
    (arm,) = found.arms
    assert 0.1 < arm.costs.energy / (WATTS * arm.median) < 10  # a neighbour may slow it down
    assert meter.closed == 1
    assert found.notes == []


def test_a_reason_that_all_arms_share_is_said_once() -> None:
    found = probes(Refusing(), modes=("eager", "compile"))
    found.run(request(energy=True))
    assert found.notes == ["Energy is not measurable here: this machine has no NVIDIA driver."]
    assert {arm.costs.energy for arm in found.arms} == {None}


def test_nothing_is_measured_that_was_not_asked_for() -> None:
    found = probes(Interrupted())
    found.run(request())
    costs = found.arms[0].costs
    assert (costs.peak_memory, costs.flops, costs.energy, found.notes) == (None, None, None, [])


def test_an_interrupt_keeps_the_times_and_what_is_known(namespace) -> None:
    namespace["x"] = torch.ones(8, 8)
    asked = Request(
        CellSource.from_text("x @ x"), namespace, modes=("plain",), seconds=0.1, memory=True,
        energy=True, flops=True,
    )  # fmt: skip
    result = bench_cell(asked, Surroundings(StreamOutput(), energy_meter=Interrupted()))
    arm = result["plain"]
    assert arm.median is not None
    assert arm.peak_memory is not None
    assert arm.flops is None
    assert result.partial
    assert any(note.startswith("Stopped after timing") for note in result.notes)


def test_a_cell_that_fails_in_a_pass_keeps_its_time(namespace, tmp_path) -> None:
    flag = str(tmp_path / "flag")
    text = f"import os\nif os.path.exists({flag!r}): raise SystemExit('later')\ny = 1"

    class Failing:
        """From the first reset on, the cell fails."""

        def resident_bytes(self) -> int:
            return 0

        def peak_bytes(self) -> int:
            return 0

        def reset_peak(self) -> None:
            (tmp_path / "flag").touch()

        def release_free(self) -> bool:
            return True

    asked = Request(CellSource.from_text(text), namespace, seconds=0.05, memory=True)
    surroundings = Surroundings(StreamOutput(), host_memory=Failing())  # type: ignore[arg-type]
    result = bench_cell(asked, surroundings)
    assert result["python"].median is not None
    assert result["python"].peak_memory is None
    assert "Peak memory is not measurable here: SystemExit: later." in result.notes


def test_the_state_is_as_before_after_all_passes(bench, namespace) -> None:
    x = np.zeros(4)
    namespace["x"] = x
    bench("x += 1", memory=True, flops=True, energy=True)
    assert namespace["x"] is x
    assert x.tolist() == [0, 0, 0, 0]


class Noting(HostMemory):
    """Writes down when the peak of memory begins anew."""

    def __init__(self, seen: str) -> None:
        super().__init__()
        self.seen = seen

    def reset_peak(self) -> None:
        with open(self.seen, "a") as file:  # noqa: PTH123 - as the cell below does
            file.write("reset ")


def test_nothing_is_timed_once_memory_is_looked_at(namespace, tmp_path) -> None:
    seen = str(tmp_path / "seen")
    text = f"with open({seen!r}, 'a') as file: file.write('call ')"
    asked = Request(CellSource.from_text(text), namespace, seconds=0.1, memory=True, check=False)
    result = bench_cell(asked, Surroundings(StreamOutput(), host_memory=Noting(seen)))
    events = (tmp_path / "seen").read_text().split()
    first = events.index("reset")
    assert first >= result["python"].calls * result.rounds
    assert events[first:] == ["reset", "call"] * 5
