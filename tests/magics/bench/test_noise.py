"""What disturbed a measurement is seen and said; what did not is not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dlmagic.devices.load import Reading
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.noise import findings_about_noise, threads_used
from tests.magics.bench.simulated import FakeRunner, Machine, Noise, bimodal, drift, normal, step
from tests.magics.bench.test_comparisons import around, measurement
from tests.magics.bench.test_measure import spinner

QUIET = Reading(wall=0, own=0, busy=0, stolen=0, waited=0, megahertz=3000)
LATER = replace(QUIET, wall=10.0, own=10.0, busy=10.0)


def measured(noise: Noise = normal, seed: int = 0, **last: object) -> Measurement:
    """Two equal runners on a machine with a noise; what it read at the end is given."""
    machine = Machine(noise, seed)
    readings = iter([QUIET, replace(LATER, **last)])
    return measure(
        [FakeRunner(machine, "eager"), FakeRunner(machine, "compile")],
        seconds=1.5,
        clock=machine,
        seed=seed,
        read=lambda: next(readings),
    )


def found(measurement: Measurement) -> dict[str, Finding]:
    return {finding.kind: finding for finding in findings_about_noise(measurement)}


def test_on_a_quiet_machine_nothing_is_said() -> None:
    assert [seed for seed in range(20) if found(measured(seed=seed))] == []


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert findings_about_noise(None) == ()
    assert findings_about_noise(replace(measured(), rounds=())) == ()


def test_busy_neighbours_are_told_in_cores() -> None:
    cores = os.cpu_count() or 1
    finding = found(measured(busy=10.0 * (1 + cores)))["busy-machine"]
    assert f"Other processes kept {cores}.0 of {cores} " in finding.message
    assert finding.level == "warning"


def test_waiting_for_a_core_is_told_where_the_neighbours_are_unknown() -> None:
    assert "in 12% of the time" in found(measured(waited=1.2))["busy-machine"].message


def test_time_that_the_host_took_away_is_told() -> None:
    assert "took 2.0 of " in found(measured(stolen=20.0))["stolen-time"].message


def test_a_thread_of_this_process_is_told_by_name() -> None:
    finding = found(measured(threads={"loader": 5.0, "heartbeat": 0.01}))["busy-thread"]
    assert "The thread 'loader' of this process used 0.5 cores" in finding.message


@pytest.mark.parametrize("noise", [drift, step])
def test_a_machine_that_slows_down_is_told_with_its_clock_rate(noise: Noise) -> None:
    finding = found(measured(noise, megahertz=2400))["changing-speed"]
    assert finding.message.startswith("eager became ")
    assert " slower while it was measured (clock rate of the cores: 3.0 to 2.4 GHz)." in (
        finding.message
    )


def test_a_clock_rate_that_stays_is_not_mentioned() -> None:
    assert "clock rate" not in found(measured(drift))["changing-speed"].message


def test_two_levels_in_turns_are_no_slowing_down() -> None:
    assert "changing-speed" not in found(measured(bimodal))


def test_rounds_that_scatter_are_told() -> None:
    def wild(machine: Machine) -> Iterator[float]:
        while True:
            yield machine.random.lognormal(0, 0.4)

    scattered = found(measured(wild))["scattered-rounds"]
    assert scattered.message.startswith(
        "Rounds scatter: the same code, timed twice in one round, lies "
    )
    assert scattered.fix is None
    for threads, advice in (({"torch": 2}, "torch.set_num_threads(1)"), ({"numba": 1}, "None")):
        (finding,) = [
            each
            for each in findings_about_noise(measured(wild), threads)
            if each.kind == "scattered-rounds"
        ]
        assert advice in str(finding.fix)


def test_threads_are_those_of_frameworks_that_an_arm_uses() -> None:
    environment = replace(Environment.capture(), threads={"torch": 4, "numba": 2})
    frameworks = {name: SimpleNamespace(name=name) for name in ("torch", "tensorflow")}
    compiled = SimpleNamespace(framework=frameworks["torch"], mode="compile")
    graph = SimpleNamespace(framework=frameworks["tensorflow"], mode="graph")
    plain = SimpleNamespace(framework=SimpleNamespace(name="python"), mode="plain")
    assert threads_used([compiled, graph], environment) == {"torch": 4}
    assert threads_used([graph], environment) == {}
    assert threads_used([plain], environment) == {"torch": 4, "numba": 2}


def test_a_machine_that_treats_equals_unequally_is_told() -> None:
    unequal = measurement(compile=around(1.08, seed=1), copy=around(1.10, spread=0.02))
    finding = found(unequal)["unequal-equals"]
    assert finding.message.startswith("eager, timed twice under two names, came out 1.1x")


@pytest.mark.alone
def test_a_real_neighbour_is_seen() -> None:
    """As many processes as cores compute beside the measurement."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        result = measure([spinner("a", 2000), spinner("b", 2000)], seconds=1.0)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert "busy-machine" in found(result)


@pytest.mark.alone
def test_a_real_thread_is_seen() -> None:
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            sum(range(1000))

    thread = threading.Thread(target=work, name="loader")
    thread.start()
    try:
        result = measure([spinner("a", 2000), spinner("b", 2000)], seconds=1.0)
    finally:
        done.set()
        thread.join()
    assert "'loader'" in found(result)["busy-thread"].message
