"""Cheap compilations are repeated, and nobody else notices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from dlmagic.cell.output import StreamOutput
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Framework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.compiling_again import REPETITIONS, compile_again
from dlmagic.magics.bench.report import result_of
from tests.magics.bench.compiled import call_again, run_modes, sleeps
from tests.magics.bench.parts import TORCH, Steps

X = {"x": torch.ones(3)}
OUTPUT = StreamOutput()


@pytest.fixture(scope="module", autouse=True)
def dynamo_is_warm() -> None:
    """The first compilation of a process imports for seconds."""
    torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2))


def repeated(steps: Steps, framework: Framework = TORCH, seconds: float = 600.0, **change: Any):
    """A mode made ready and, if that is cheap, repeated."""
    contestant = steps.contestant("compile", framework)
    cheap = {"first_seconds": 0.0}  # however busy the machine is
    for name, value in (cheap | change).items():
        setattr(contestant, name, value)
    compile_again([contestant], OUTPUT, WallClock(), seconds, lambda line: None)
    return contestant


def test_a_cheap_compilation_is_repeated_and_the_timed_one_stays_compiled() -> None:
    frames = torch._dynamo.utils.counters["frames"]["total"]
    contestant = repeated(Steps("x.add_(1)\nx.sin().sum()", {"x": torch.ones(3)}))
    assert len(contestant.compiled_again) == REPETITIONS
    assert torch._dynamo.utils.counters["frames"]["total"] == frames + 1 + REPETITIONS
    assert call_again(contestant) == {}
    assert contestant.choice.subject.snapshot.changes() == []


def test_the_same_entry_of_dynamo_serves_the_timed_function() -> None:
    """More entries for one code object make each call look through them, up to a limit."""
    contestant = repeated(Steps("x.cos()", X))
    code = contestant.choice.subject.cell.function.__code__
    entries = torch._C._dynamo.eval_frame._debug_get_cache_entry_list(code)
    assert len(entries) <= 1  # or it is in a region of its own


def test_other_functions_of_the_kernel_stay_compiled() -> None:
    @torch.compile(backend="eager")
    def of_the_user(x):
        return x * 3

    of_the_user(torch.ones(2))
    compiled = torch._dynamo.utils.counters["frames"]["total"]
    contestant = repeated(Steps("x.exp()", X))
    of_the_user(torch.ones(2))
    made = 1 + len(contestant.compiled_again)
    assert made == 1 + REPETITIONS
    assert torch._dynamo.utils.counters["frames"]["total"] == compiled + made


@pytest.mark.parametrize(
    "change",
    [
        {"first_seconds": 0.6},
        {"ready_seconds": 50.0},
        {"events": {"compile": 2, "graph break": 1}},
        {"events": {}},
        {"compile_costs": CompileCosts(stored=1, steps=1)},
        {"runner": None},
    ],
)
def test_what_is_not_cheap_or_would_be_no_true_repetition_is_left_alone(change) -> None:
    assert repeated(Steps("x.tan()", X), **change).compiled_again == ()


@pytest.mark.parametrize(
    "costs",
    [CompileCosts(steps=2), CompileCosts(steps=1, loaded=1)],
)
def test_a_repetition_that_did_less_does_not_count(costs) -> None:
    assert repeated(Steps("x.atan()", X), compile_costs=costs).compiled_again == ()


def test_inductor_is_not_repeated() -> None:
    """It finds its code again; that it compiles at all is not needed to know this."""
    steps = Steps("x + 1", X)
    subject = steps.subject
    prepare = TorchFramework().prepare
    assert not prepare("compile", subject.cell, subject.arguments, subject.run_once).repeatable


def test_repetitions_take_no_more_than_their_share() -> None:
    slow = TorchFramework(backend=sleeps(0.1))
    assert repeated(Steps("x.sinh()", X), slow, seconds=1.0).compiled_again == ()
    assert len(repeated(Steps("x.sinh()", X), slow).compiled_again) == REPETITIONS


@pytest.mark.alone
def test_an_interval_comes_out_of_it() -> None:
    slow = TorchFramework(backend=sleeps(0.05))
    modes = {"eager": ("eager", TORCH), "compile": ("compile", slow)}
    frameworks = (TORCH, PlainFramework((TORCH,)))
    _, run = run_modes("x.cosh()", X, modes, frameworks)
    compile_again(run.contestants.values(), OUTPUT, WallClock(), 60.0, lambda line: None)
    arm = result_of(Steps("x.cosh()", X).request, "eager", run, 1.0)["compile"]
    assert arm.compile_interval is not None
    low, high = arm.compile_interval
    assert 0.05 < low <= arm.compile_seconds <= high
    assert arm.compile_phases["backend"] == pytest.approx(0.05, rel=0.2)
    assert run.measurement is not None
    assert run.measurement.events("compile") == {}
    assert call_again(run.contestants["compile"]) == {}


@pytest.mark.alone
def test_an_interrupt_of_the_repetitions_leaves_the_result_whole() -> None:
    calls = []

    def backend(graph, inputs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return graph.forward

    modes = {"eager": ("eager", TORCH), "compile": ("compile", TorchFramework(backend=backend))}
    frameworks = (TORCH, PlainFramework((TORCH,)))
    result, run = run_modes("x.erf()", X, modes, frameworks, seconds=6.0)
    assert len(calls) == 3
    assert not result.partial
    assert result["compile"].compile_interval is None
    assert result["compile"].compile_seconds > 0
    assert call_again(run.contestants["compile"]) == {}


def repeats_of(framework: Framework, mode: str, text: str, value: object) -> int:
    """How often a mode was compiled again."""
    frameworks = (framework, PlainFramework((framework,)))
    steps = Steps(text, {"a": value, "np": np}, frameworks=frameworks)
    with framework.counting():
        contestant = steps.contestant(mode, framework)
        contestant.first_seconds = 0.0  # cheap, however busy the machine is
        compile_again([contestant], OUTPUT, WallClock(), 1e6, lambda line: None)
        assert call_again(contestant) == {}
    assert 0 < sum(contestant.compile_costs.phases.values()) <= contestant.ready_seconds
    return len(contestant.compiled_again)


def test_numba_repeats_as_well() -> None:
    loop = "s = 0.0\nfor i in range(100):\n    s += a[i] * 2\ns"
    assert repeats_of(NumbaFramework(), "njit", loop, np.ones(100)) == REPETITIONS


def test_what_numba_has_compiled_for_itself_makes_a_repetition_no_true_one() -> None:
    assert repeats_of(NumbaFramework(), "njit", "np.median(a)", np.ones(100)) == 0


def test_jax_repeats_as_well() -> None:
    jnp = pytest.importorskip("jax.numpy")
    from dlmagic.frameworks.jax.adapter import JaxFramework

    case = JaxFramework(), "jit", "a * 2 + 1", jnp.ones(10)
    repeats_of(*case)  # JAX may compile small things of its own at first, for all that follow
    assert repeats_of(*case) == REPETITIONS
