"""Windows and arithmetic of the energy pass, with a meter and a clock that are handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch

from dlmagic.devices.nvml import Nvml
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.energy_pass import gpus_of, measure_energy
from tests.magics.bench.simulated import FakeRunner, Machine


class Boards:
    """GPUs that take so many watts; their counters move in steps, as the real ones do."""

    window = Nvml.window

    def __init__(self, machine: Machine, watts: Mapping[str, float], step: float = 0.1) -> None:
        self.machine, self.watts, self.step = machine, watts, step
        self.read: list[float] = []

    def joules(self, devices: Sequence[str] | None = None) -> Mapping[str, float] | Reason:
        self.read.append(self.machine.time)
        counted = self.machine.time // self.step * self.step
        named = self.watts if devices is None else devices
        return {uuid: 5e6 + self.watts[uuid] * counted for uuid in named}

    def close(self) -> None:
        pass


@pytest.mark.parametrize("seconds", [20e-6, 3e-3, 0.7, 5.0])
def test_energy_per_call_is_power_times_time(seconds: float) -> None:
    machine = Machine()
    boards = Boards(machine, {"GPU-a": 250.0, "GPU-b": 50.0})
    runner = FakeRunner(machine, seconds=seconds)
    found = measure_energy(runner, boards, machine, per_call=seconds)
    assert found == pytest.approx(300 * seconds, rel=0.06)  # a step of 0.1 s in 2 s
    assert boards.read[1] - boards.read[0] >= Nvml.window
    assert len(boards.read) == 2


def test_only_the_boards_in_use_are_counted() -> None:
    machine = Machine()
    boards = Boards(machine, {"GPU-a": 250.0, "GPU-b": 50.0})
    runner = FakeRunner(machine, seconds=0.01)
    found = measure_energy(runner, boards, machine, per_call=0.01, gpus=["GPU-b"])
    assert found == pytest.approx(0.5, rel=0.06)


def test_a_warm_call_comes_first_and_the_state_is_put_back() -> None:
    machine = Machine()
    runner = FakeRunner(machine, seconds=0.5, hook=lambda runner, call: None)
    boards = Boards(machine, {"GPU-a": 100.0})
    measure_energy(runner, boards, machine, per_call=0.5)
    assert boards.read[0] == 0.5
    assert runner.called == 1 + Nvml.window / 0.5
    assert runner.restored == 2


def test_a_counter_that_stands_still_is_a_reason_and_not_zero() -> None:
    machine = Machine()
    found = measure_energy(
        FakeRunner(machine), Boards(machine, {"GPU-a": 0.0}), machine, per_call=1e-3
    )
    assert isinstance(found, Reason)
    assert "does not advance" in str(found)


def test_a_meter_that_refuses_costs_no_window() -> None:
    machine = Machine()
    runner = FakeRunner(machine)

    class Refusing:
        window = Nvml.window

        def joules(self, devices: object = None) -> Reason:
            return Reason("no counter")

        def close(self) -> None:
            pass

    assert str(measure_energy(runner, Refusing(), machine, per_call=1e-3)) == "no counter"
    assert machine.time == pytest.approx(runner.seconds)


class OnGpu(TorchFramework):
    def gpus_in_use(self) -> Sequence[str]:
        return ("GPU-a", "GPU-a")


class Unnamed(TorchFramework):
    def gpus_in_use(self) -> None:
        return None


def test_whose_energy_counts_is_told_by_the_frameworks() -> None:
    assert gpus_of([OnGpu(), PlainFramework()]) == ["GPU-a"]
    assert gpus_of([OnGpu(), Unnamed()]) is None
    if not torch.cuda.is_available():
        assert "no NVIDIA GPU" in str(gpus_of([TorchFramework(), PlainFramework()]))


@pytest.mark.skipif(not isinstance(Nvml().joules(), Reason), reason="this machine tells its energy")
def test_without_a_gpu_the_result_says_why(bench) -> None:
    result = bench("1 + 1", energy=True)
    assert result["python"].energy is None
    (note,) = [note for note in result.notes if note.startswith("Energy is not measurable here")]
    assert "NVIDIA" in note
    assert note in " ".join(repr(result).split())


def test_the_window_is_long_against_the_counters_steps() -> None:
    assert Nvml.window >= 2
