"""From what happened to the result that the user reads."""

from __future__ import annotations

import pytest
import torch

from dlmagic.cell.compare import Agreement
from dlmagic.finding import Finding
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.report import result_of
from dlmagic.magics.bench.run import Run
from tests.magics.bench.parts import Steps
from tests.magics.bench.simulated import FakeRunner, Machine


def measured(seconds: dict[str, float], **options: object) -> tuple[Steps, Run]:
    """Contestants of a real cell, with the times of a simulated machine."""
    steps = Steps("x + 1", {"x": torch.ones(2)})
    machine = Machine()
    runners = [FakeRunner(machine, name, each) for name, each in seconds.items()]
    run = Run({name: steps.contestant("eager") for name in seconds})
    run.measurement = measure(runners, seconds=1.0, clock=machine, seed=0, same_calls=False)
    return steps, run


def test_times_speedup_and_verdict_reach_the_arm() -> None:
    steps, run = measured({"eager": 2e-3, "compile": 1e-3})
    result = result_of(steps.request, "eager", run, 1.5, ("a note",))
    arm = result["compile"]
    assert arm.median == pytest.approx(1e-3)
    assert arm.speedup == pytest.approx(2.0)
    assert arm.verdict == "faster"
    assert result["eager"].verdict == "reference"
    assert result.rounds == len(arm.samples) > 0
    assert (result.seconds, result.notes, result.partial) == (1.5, ("a note",), False)
    assert result.environment is not None
    assert result.cell == "x + 1"


def test_what_compiling_cost_is_the_first_call_less_a_steady_one() -> None:
    steps, run = measured({"eager": 2e-3, "compile": 1e-3})
    contestant = run.contestants["compile"]
    contestant.events, contestant.first_seconds = {"compile": 1}, 3.001
    result = result_of(steps.request, "eager", run, 1.0)
    arm = result["compile"]
    assert arm.compile_seconds == pytest.approx(3.0, rel=1e-2)
    assert arm.break_even_calls == pytest.approx(arm.compile_seconds / 1e-3, abs=2)
    assert result["eager"].compile_seconds is None


def test_a_slower_mode_never_pays_off() -> None:
    steps, run = measured({"eager": 1e-3, "compile": 2e-3})
    run.contestants["compile"].events = {"compile": 1}
    assert result_of(steps.request, "eager", run, 1.0)["compile"].break_even_calls is None


def test_failed_and_skipped_modes_keep_their_reason_and_have_no_times() -> None:
    steps, run = measured({"eager": 1e-3})
    failed, skipped = steps.contestant("eager"), steps.contestant("eager")
    failed.fail(ValueError("no"))
    skipped.skip("not here")
    run.contestants |= {"a": failed, "b": skipped}
    result = result_of(steps.request, "eager", run, 1.0)
    assert (result["a"].status, result["a"].reason) == ("failed", "ValueError: no")
    assert (result["b"].status, result["b"].reason) == ("skipped", "not here")
    assert result["a"].median is result["b"].median is None


def test_without_a_measurement_everything_else_is_told() -> None:
    steps = Steps("x + 1", {"x": torch.ones(2)})
    contestant = steps.contestant()
    contestant.agreement = Agreement(False, "x differs", 0.5)
    contestant.findings = (Finding("kind", "hint", "message"),)
    result = result_of(steps.request, "eager", Run({"eager": contestant}, interrupted=True), 1.0)
    arm = result["eager"]
    assert (arm.agrees, arm.agreement, arm.max_error) == (False, "x differs", 0.5)
    assert [finding.kind for finding in arm.findings] == ["kind"]
    assert result.partial
    assert result.rounds == 0
    assert arm.median is None
