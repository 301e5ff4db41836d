"""The self-test: rates on a simulated machine, the whole of it on the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from scipy.stats import binom

from dlmagic.devices.load import Reading
from dlmagic.errors import InputError
from dlmagic.magics.bench.repeated import Repeated
from dlmagic.magics.bench.runner import Runner
from dlmagic.magics.bench.selftest import Workload, deviation_of, selftest
from dlmagic.magics.bench.selftest_result import SelfTest
from tests.magics.bench.simulated import FakeRunner, Machine, Noise, lognormal, normal

QUIET = Reading(wall=0, own=0, busy=0)


def on_machine(noise: Noise, seconds: float = 20.0, **options: object) -> SelfTest:
    """A self-test on a simulated machine, with work that takes 50 microseconds."""
    machine = Machine(noise, seed=3)

    def runner(name: str, repetitions: int) -> Runner:
        return FakeRunner(machine, name, repetitions * 5e-5)

    kinds = [Workload("simulated work", runner)]
    return selftest(seconds, clock=machine, kinds=kinds, read=lambda: QUIET, **options)  # type: ignore[arg-type]


def test_on_a_steady_machine_equals_are_equal_and_differences_are_found() -> None:
    result = on_machine(lambda machine: normal(machine, 0.02))
    (work,) = result.workloads
    assert work.called_different.count <= binom.ppf(0.99, work.called_different.trials, 0.05)
    assert work.found.count == work.found.trials > 15
    assert work.seconds == pytest.approx(5e-5, rel=0.02)
    assert work.noise == pytest.approx(0.02 * 2**0.5, rel=0.1)
    assert work.rounds == 50
    assert (result.planted, result.partial) == (pytest.approx(0.05), False)
    assert 20 <= result.seconds < 22


def test_on_a_wild_machine_the_result_says_that_little_is_found() -> None:
    result = on_machine(lognormal)
    assert result.found.rate < 0.5
    assert result.called_different.count <= binom.ppf(0.99, result.called_different.trials, 0.05)
    assert result.found.interval[0] <= result.found.rate < result.found.interval[1]


def test_both_directions_are_planted() -> None:
    """A harness that always says slower would find half of them."""
    told: list[str] = []
    result = on_machine(lambda machine: normal(machine, 0.01), seconds=10, tell=told.append)
    assert result.found.rate == 1
    assert len(told) >= result.found.trials + result.called_different.trials
    assert "self-test, trial 1, 10 s left" in told


def test_an_interrupt_keeps_what_is_known() -> None:
    result = on_machine(normal, tell=interrupting_at(9))
    assert result.partial
    assert result.found.trials + result.called_different.trials == 8
    assert "Partial result" in repr(result)
    with pytest.raises(KeyboardInterrupt):
        on_machine(normal, tell=interrupting_at(2))


def interrupting_at(number: int) -> Callable[[str], None]:
    turns: Iterator[int] = iter(range(1, number))

    def tell(_line: str) -> None:
        if next(turns, None) is None:
            raise KeyboardInterrupt

    return tell


@pytest.mark.parametrize("seconds", [3.9, 0.0, float("nan"), float("inf")])
def test_too_little_time_is_said(seconds: float) -> None:
    with pytest.raises(InputError, match="Too little time: --selftest needs at least 4 s"):
        selftest(seconds)


def test_it_goes_through_json_and_says_the_same() -> None:
    result = on_machine(normal, seconds=5)
    assert SelfTest.from_json(result.to_json()) == result
    assert repr(SelfTest.from_json(result.to_json())) == repr(result)


def test_the_words_of_a_result() -> None:
    result = on_machine(lambda machine: normal(machine, 0.01), seconds=5)
    text = repr(replace(result, seconds=5.0))
    assert "pairs of equal code were called different" in text
    assert "a planted 5% was found in" in text
    assert "simulated work" in text


@pytest.mark.alone
def test_it_runs_on_this_machine_from_a_line(loaded: InteractiveShell) -> None:
    result = loaded.run_cell("%dlbench --selftest --time 6").result
    assert isinstance(result, SelfTest)
    assert result.workloads[0].name == "a function of Python"
    assert all(work.found.trials and work.called_different.trials for work in result.workloads)
    assert all(work.seconds < 0.01 for work in result.workloads)
    assert result.environment is not None


def test_it_takes_no_code(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%%dlbench --selftest\n1", "%dlbench --selftest 1 + 1"):
        loaded.run_cell(cell)
        assert "times code of its own" in capsys.readouterr().err


def test_repeated_work_is_what_it_says() -> None:
    calls: list[int] = []
    runner = Repeated("a", lambda: calls.append(1), repetitions=21)
    runner.run(3)
    assert len(calls) == 63


def test_the_deviation_is_that_of_a_normal_distribution() -> None:
    machine = Machine()
    values = machine.random.normal(3, 0.5, 20_001)
    assert deviation_of(list(values)) == pytest.approx(0.5, rel=0.03)
