"""What compiling is said to cost, against compilers whose cost is known."""

from __future__ import annotations

import time

import pytest
import torch

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.compile_cost import compile_cost_of, findings_about_cache
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.report import result_of
from dlmagic.magics.bench.timing import timings_of
from tests.magics.bench.compiled import run_modes, sleeps
from tests.magics.bench.parts import TORCH, Steps
from tests.magics.bench.test_report import measured

ASLEEP = 0.5
WITHIN = 0.05
CELL = "y = torch.tanh(x @ x)\ny.sum()"
X = {"x": torch.ones(100, 100) / 100}
SLEEPING = TorchFramework(backend=sleeps(ASLEEP))
AWAKE = TorchFramework(backend=sleeps(0.0))
FRAMEWORKS = (TORCH, PlainFramework((TORCH,)))


@pytest.fixture(scope="module", autouse=True)
def dynamo_is_warm() -> None:
    """The first compilation of a process imports for seconds; that is not what is asked here."""
    torch.compile(lambda x: torch.tanh(x @ x).sum(), backend=sleeps(0.0))(torch.ones(2, 2))


@pytest.mark.alone
def test_a_backend_that_sleeps_is_seen_in_its_phase_and_in_the_whole() -> None:
    """Dynamo takes its 20 to 100 ms in any case; the whole is that and the sleep, nothing else.

    A busy machine may add to each, so the best of three counts; it can take nothing away.
    """
    modes = {"eager": ("eager", TORCH), "compile": ("compile", SLEEPING)}
    phases, wholes = [], []
    for _ in range(3):
        arm = run_modes(CELL, X, modes, FRAMEWORKS)[0]["compile"]
        assert arm.compile_phases.keys() == {"Dynamo", "backend"}
        assert sum(arm.compile_phases.values()) <= arm.compile_seconds
        assert arm.compile_cache is None
        phases.append(arm.compile_phases["backend"])
        wholes.append(arm.compile_seconds - arm.compile_phases["Dynamo"])
    for found in (phases, wholes):
        assert ASLEEP <= min(found) <= ASLEEP * (1 + WITHIN)


@pytest.mark.alone
def test_the_steady_state_does_not_know_of_it() -> None:
    """An A/A test: the same code from a slow compiler and from a quick one."""
    modes = {"quick": ("compile", AWAKE), "slow": ("compile", SLEEPING)}
    arms = [run_modes(CELL, X, modes, FRAMEWORKS, seconds=0.4)[0]["slow"] for _ in range(4)]
    assert sum(arm.verdict in ("faster", "slower") for arm in arms) <= 2  # 5 % each is promised
    speedups = sorted(arm.speedup for arm in arms if arm.speedup)
    assert sum(speedups[1:3]) / 2 == pytest.approx(1, abs=0.3)  # on a busy machine
    assert all(arm.compile_seconds > 0.9 * ASLEEP for arm in arms)


def contestant_with(*costs: tuple[float, dict[str, float]], cache: str = "") -> Contestant:
    """A mode that was compiled several times on the simulated machine."""
    _, run = measured({"eager": 2e-3, "compile": 1e-3})
    made = run.contestants["compile"]
    loaded, stored = int(cache == "warm"), int(cache == "cold")
    (first, phases), *again = costs
    made.events, made.first_seconds = {"compile": 1}, first
    made.compile_costs = CompileCosts(phases, loaded, stored)
    made.compiled_again = tuple((seconds, CompileCosts(each)) for seconds, each in again)
    assert run.measurement is not None
    made.timing = timings_of(run.measurement)["compile"]  # type: ignore[attr-defined]
    return made


def test_of_several_compilations_the_middle_one_is_told_with_its_own_phases() -> None:
    costs = [(0.001 + whole / 10, {"trace": whole / 20}) for whole in (9, 1, 5, 3, 4, 2)]
    made = contestant_with(*costs)
    cost = compile_cost_of(made, made.timing)  # type: ignore[attr-defined]
    assert cost is not None
    assert cost.seconds == pytest.approx(0.3, rel=0.01)
    assert cost.phases == {"trace": pytest.approx(0.15)}
    assert cost.interval == pytest.approx((0.1, 0.9), rel=0.02)


def test_one_compilation_has_no_interval() -> None:
    made = contestant_with((0.5, {"trace": 0.1}))
    cost = compile_cost_of(made, made.timing)  # type: ignore[attr-defined]
    assert cost is not None
    assert cost.interval is None


def test_phases_are_never_longer_than_the_whole() -> None:
    made = contestant_with((0.101, {"trace": 0.06, "compile": 0.06}))
    cost = compile_cost_of(made, made.timing)  # type: ignore[attr-defined]
    assert cost is not None
    assert sum(cost.phases.values()) == pytest.approx(cost.seconds)
    assert cost.phases["trace"] == pytest.approx(cost.phases["compile"])


@pytest.mark.parametrize(("cache", "said"), [("warm", 1), ("cold", 0), ("", 0)])
def test_a_warm_disk_cache_is_told_of(cache: str, said: int) -> None:
    made = contestant_with((0.5, {}), cache=cache)
    cost = compile_cost_of(made, made.timing)  # type: ignore[attr-defined]
    assert cost is not None
    assert cost.cache == (cache or None)
    found = findings_about_cache(cost)
    assert len(found) == said
    assert all("disk cache" in finding.message for finding in found)


def test_costs_and_pay_off_reach_the_arm() -> None:
    steps, run = measured({"eager": 2e-3, "compile": 1e-3})
    made = run.contestants["compile"]
    made.events, made.first_seconds = {"compile": 1}, 3.001
    made.compile_costs = CompileCosts({"trace": 1.0, "compile": 1.5}, loaded=1)
    arm = result_of(steps.request, "eager", run, 1.0)["compile"]
    assert arm.compile_phases == {"trace": 1.0, "compile": 1.5}
    assert arm.compile_cache == "warm"
    assert [finding.kind for finding in arm.findings] == ["warm-cache"]
    low, high = arm.break_even_interval
    assert low <= arm.break_even_calls <= high


def test_nothing_compiled_costs_nothing() -> None:
    steps, run = measured({"eager": 2e-3, "compile": 1e-3})
    arm = result_of(steps.request, "eager", run, 1.0)["compile"]
    assert arm.compile_seconds is arm.break_even_interval is arm.compile_cache is None
    assert arm.compile_phases == {}


def test_a_mode_made_ready_knows_how_long_all_of_it_took() -> None:
    start = time.perf_counter()
    contestant = Steps("x + 1", X).contestant("compile", TORCH)
    assert contestant.first_seconds <= contestant.ready_seconds <= time.perf_counter() - start
    assert contestant.compile_costs.steps == 1
