"""Whole measurements: budget, interrupts, failures, late compilations."""

from __future__ import annotations

import gc
import math
import pickle
from collections.abc import Callable
from functools import partial

import pytest

from dlmagic.magics.bench.calibrate import calls_per_block
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.measurement import Measurement, Progress
from dlmagic.magics.bench.preparing import LEAST_BLOCK
from dlmagic.magics.bench.repeated import Repeated
from dlmagic.magics.bench.second_copy import SECOND_COPY
from dlmagic.magics.bench.timing import budget_note, timings_of
from tests.magics.bench.simulated import FakeRunner, Machine, normal

Hook = Callable[[FakeRunner, int], None]


def measured(
    hook: Hook | None = None,
    slow: float = 2e-3,
    fast: float = 1e-3,
    seconds: float = 1.0,
    **options: object,
) -> Measurement:
    """A slow reference against a fast runner with a hook."""
    machine = Machine(lambda machine: normal(machine, 0.05), seed=1)
    runners = [FakeRunner(machine, "eager", slow), FakeRunner(machine, "compile", fast, hook)]
    return measure(runners, seconds=seconds, clock=machine, **options)  # type: ignore[arg-type]


def assert_valid(result: Measurement) -> None:
    """Whatever happened, what is there is whole and can be summed up."""
    for name in result.names:
        timing = timings_of(result)[name]
        assert len(timing.samples) == len(result.blocks(name)) <= len(result.rounds)
        assert all(sample > 0 for sample in timing.samples)
        assert math.isnan(timing.median) == (not timing.samples)
    for done in result.rounds:
        assert set(done.blocks) | set(result.failures) >= set(done.order) - {SECOND_COPY}
    assert gc.isenabled()


def test_the_speedup_is_found() -> None:
    result = measured()
    timing = timings_of(result)["compile"]
    assert timing.comparison.verdict == "faster"
    assert timing.comparison.speedup == pytest.approx(2, rel=0.02)
    assert timing.median == pytest.approx(1e-3, rel=0.02)
    assert timings_of(result)["eager"].comparison.verdict == "reference"
    assert_valid(result)


def test_blocks_are_long_enough_for_the_clock() -> None:
    calls = measured(slow=1e-3, fast=1e-6).calls
    assert calls["eager"] == pytest.approx(5, abs=1)
    assert calls["compile"] == pytest.approx(5000, rel=0.2)
    assert calls[SECOND_COPY] == calls["eager"]


def test_blocks_outweigh_the_wait_for_devices_also_where_the_warm_up_took_all_time() -> None:
    calls = measured(slow=1e-5, fast=1e-6, seconds=1e-3).calls
    assert calls["eager"] * 1e-5 == pytest.approx(LEAST_BLOCK, rel=0.2)
    assert calls["compile"] * 1e-6 == pytest.approx(LEAST_BLOCK, rel=0.2)


class WaitingRunner(FakeRunner):
    """One whose devices take a while to say that they are done."""

    def synchronise(self) -> None:
        self.machine.time += 4e-4


def test_the_wait_for_devices_is_not_taken_for_the_call() -> None:
    machine = Machine(seed=1)
    runners = [WaitingRunner(machine, "slow", 1e-5), WaitingRunner(machine, "fast", 1e-7)]
    result = measure(runners, seconds=1e-3, clock=machine)
    assert {done.outcome for done in result.warm_ups.values()} == {"short"}
    assert result.calls["fast"] * 1e-7 > LEAST_BLOCK / 3
    fast, slow = (timings_of(result)[name].median for name in ("fast", "slow"))
    assert fast < slow / 10


class RelievedRunner(FakeRunner):
    """One whose devices answer late at first, and soon from then on."""

    asked = 0

    def synchronise(self) -> None:
        self.asked += 1
        self.machine.time += 2e-3 if self.asked <= 8 else 1e-4


@pytest.mark.parametrize("seconds", [1e-3, 0.01, 0.1])
def test_a_wait_that_has_become_shorter_makes_no_block_endless(seconds: float) -> None:
    machine = Machine(seed=1)
    runners = [RelievedRunner(machine, name, 5e-5) for name in ("one", "other")]
    result = measure(runners, seconds=seconds, clock=machine)
    assert max(result.calls.values()) * 5e-5 < 10 * 2e-3 * 1.5
    assert result.seconds < seconds + 1


def test_runners_of_nearly_one_speed_share_a_count() -> None:
    def calls(**per_call: float) -> list[int]:
        counts = calls_per_block(per_call, min_block=5e-3, max_block=1.0, same_calls=False)
        return [counts[name] for name in per_call]

    assert calls(a=1e-3, b=1.2e-3, c=1e-4) == [5, 5, 50]
    assert calls(a=1e-3, b=1.6e-3) == [5, 4]
    assert calls(a=9.0) == [1]
    assert calls() == []


def test_runners_can_share_a_count() -> None:
    calls = measured(slow=1e-3, fast=1e-6, same_calls=True).calls
    assert calls["eager"] == calls["compile"]
    fastest = 0.9e-3  # of ten calls that scatter by 5 %
    assert calls["eager"] * fastest <= 1.0 / 40


@pytest.mark.parametrize("seconds", [0.05, 0.3, 3.0])
@pytest.mark.parametrize("slow", [1e-5, 1e-3, 0.05])
def test_the_budget_is_kept(seconds: float, slow: float) -> None:
    result = measured(slow=slow, seconds=seconds, minimum_rounds=100_000)
    one_round = result.seconds / max(1, len(result.rounds))
    least = 4 * 2 * (slow + 1e-3)  # a warm-up and two rounds, touch included
    assert result.seconds <= max(1.2 * seconds, least) + one_round


def test_a_cell_slower_than_the_budget_gets_two_rounds_and_a_note() -> None:
    result = measured(slow=20.0, fast=10.0)
    assert (len(result.rounds), result.ending) == (2, "budget")
    assert timings_of(result)["compile"].comparison.verdict == "unclear"
    note = budget_note(result)
    assert note is not None
    assert note.startswith("Too little time: at least ")
    assert " s needed for 2 rounds; a surer answer needs about" in note
    assert "(--time" in note


def test_a_result_that_is_precise_ends_early() -> None:
    result = measure([FakeRunner(m := Machine(), "a"), FakeRunner(m, "b")], seconds=60, clock=m)
    assert (result.ending, len(result.rounds)) == ("precise", 24)
    assert result.seconds < 1
    assert budget_note(result) is None


def test_a_lone_runner_is_measured_too() -> None:
    result = measure([FakeRunner(m := Machine(), "a")], seconds=60, clock=m)
    assert result.ending == "precise"
    assert timings_of(result)["a"].median == pytest.approx(1e-3)


def test_every_order_is_as_frequent_as_its_mirror_image() -> None:
    orders = [done.order for done in measured(maximum_rounds=24, seconds=9).rounds]
    assert len(set(orders)) == 6, "the second copy of the reference takes turns, too"
    for order in set(orders):
        assert orders.count(order) == orders.count(order[::-1])


def test_a_seed_gives_the_same_orders() -> None:
    first, again, other = (measured(seed=seed) for seed in (1, 1, 2))
    assert first.rounds == again.rounds
    assert [r.order for r in first.rounds] != [r.order for r in other.rounds]


class UserError(Exception):
    pass


def raises_at(failing: int, error: BaseException) -> Hook:
    def hook(runner: FakeRunner, call: int) -> None:
        if call == failing:
            raise error

    return hook


SHORT = {"seconds": 0.2, "maximum_rounds": 3}
CALLS = 80  # more than a short measurement makes


@pytest.mark.parametrize("call", range(1, CALLS))
def test_an_interrupt_at_any_call_leaves_a_valid_part(call: int) -> None:
    result = measured(raises_at(call, KeyboardInterrupt()), **SHORT)  # type: ignore[arg-type]
    assert_valid(result)
    assert result.interrupted == (call < calls_made())
    assert all(set(done.blocks) == {"eager", "compile"} for done in result.rounds)


def calls_made() -> int:
    counted: list[int] = []
    measured(lambda runner, call: counted.append(call), **SHORT)  # type: ignore[arg-type]
    assert len(counted) < CALLS
    return len(counted) + 1


@pytest.mark.parametrize("method", ["restore", "synchronise", "events"])
@pytest.mark.parametrize("count", [1, 2, 15, 30])
def test_an_interrupt_between_calls_leaves_a_valid_part(method: str, count: int) -> None:
    machine = Machine()
    runner = FakeRunner(machine, "a", 2e-3)
    plain, left = getattr(runner, method), iter(range(count))

    def interrupted() -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return plain()

    setattr(runner, method, interrupted)
    result = measure([runner, FakeRunner(machine, "b")], seconds=1, clock=machine)
    assert result.interrupted
    assert_valid(result)


@pytest.mark.parametrize("count", range(8))
def test_an_interrupt_while_telling_of_progress(count: int) -> None:
    def told(progress: Progress) -> None:
        steps.append(progress.phase)
        if len(steps) > count:
            raise KeyboardInterrupt

    steps: list[str] = []
    result = measured(on_progress=told)
    assert result.interrupted
    assert len(result.rounds) == max(0, count - 2)
    assert_valid(result)


@pytest.mark.parametrize("error", [UserError("no"), SystemExit(1)])
@pytest.mark.parametrize(
    ("call", "phase"), [(1, "warm-up"), (9, "warm-up"), (27, "measure"), (40, "measure")]
)
def test_a_failing_runner_stops_no_other(call: int, phase: str, error: BaseException) -> None:
    result = measured(raises_at(call, error))
    failure = result.failures["compile"]
    assert (failure.error, failure.phase) == (error, phase)
    assert len(result.samples("eager")) > 20
    assert len(result.samples("compile")) < 5
    assert_valid(result)


class Jumping(Machine):
    """A clock that is set back by a minute now and then."""

    readings = 0

    def now(self) -> float:
        self.readings += 1
        return super().now() - 60.0 * (self.readings // 41)


def test_a_clock_that_goes_back_spoils_single_blocks_only() -> None:
    machine = Jumping(lambda machine: normal(machine, 0.02), seed=1)
    runners = [FakeRunner(machine, "eager", 2e-3), FakeRunner(machine, "compile", 1e-3)]
    result = measure(runners, seconds=60.0, clock=machine, maximum_rounds=60)
    timing = timings_of(result)["compile"]
    backs = result.events("compile").get("clock went back", 0)
    assert 0 < backs + result.events("eager").get("clock went back", 0) < 30
    assert timing.comparison.verdict == "faster"
    assert timing.comparison.speedup == pytest.approx(2, rel=0.02)
    assert timing.median == pytest.approx(1e-3, rel=0.02)


def test_a_clock_that_stands_still_measures_nothing() -> None:
    machine = Machine(tick=10.0)
    runners = [FakeRunner(machine, "a", 1e-9), FakeRunner(machine, "b", 1e-9)]
    result = measure(runners, seconds=1.0, clock=machine, maximum_rounds=20)
    timing = timings_of(result)["b"]
    assert max(result.calls.values()) <= 1_000_000
    assert timing.comparison.verdict == "unclear"
    assert "The clock stood still 20 times while it was measured." in timing.notes


def test_the_reference_fails_with_its_own_error_whoever_of_both_copies_meets_it() -> None:
    """Runs out at some call, as an iterator does; which copy makes that call is chance."""
    for call in range(300, 330):
        machine = Machine()
        broken = FakeRunner(machine, "a", hook=raises_at(call, UserError()))
        runners = [broken, FakeRunner(machine, "b")]
        result = measure(runners, seconds=9, clock=machine, minimum_rounds=200)
        assert isinstance(result.failures["a"].error, UserError)
        assert set(result.failures) == {"a"}
        assert_valid(result)


def test_when_all_fail_it_ends() -> None:
    machine = Machine()
    runner = FakeRunner(machine, "a", hook=raises_at(1, UserError()))
    result = measure([runner], seconds=1, clock=machine)
    assert (result.ending, result.rounds) == ("failed", ())
    assert_valid(result)


def test_late_compilations_are_counted_and_left_out() -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        if call in (40, 41, 80):
            runner.machine.time += 5.0
            runner.counts["recompile"] = runner.counts.get("recompile", 0) + 1

    result = measured(hook)
    timing = timings_of(result)["compile"]
    assert result.events("compile") == {"recompile": 3}
    assert "Recompiled 3 times while it was measured." in timing.notes
    assert max(timing.samples) > 0.5 > max(result.steady_samples("compile"))
    assert len(result.rounds) > 20, "a late compilation does not use up the time"
    assert timing.comparison.speedup == pytest.approx(2, rel=0.03)
    assert timing.comparison.rounds < len(result.rounds)


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        (
            {"compile": 1, "recompile": 1, "graph break": 1, "fallback to eager": 1},
            "Recompiled once while it was measured.",
        ),
        ({"compile": 2, "graph break": 1}, "Compiled 2 times while it was measured."),
        ({"graph break": 1}, "Broke the graph once while it was measured."),
    ],
)
def test_one_late_compilation_is_told_once(counts: dict[str, int], note: str) -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        if call == 40:
            runner.counts.update(counts)

    assert timings_of(measured(hook))["compile"].notes == (note,)


def test_a_runner_that_always_recompiles_still_ends() -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        runner.counts["recompile"] = call

    result = measured(hook)
    assert result.warm_ups["compile"].outcome == "compiling"
    assert result.steady_samples("compile") == result.samples("compile") != ()
    assert "Still compiling after 12 calls." in timings_of(result)["compile"].notes


def test_compiling_slowly_in_every_call_ends_soon_and_says_so() -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        runner.machine.time += 5.0
        runner.counts["recompile"] = call

    result = measured(hook, seconds=1.0)
    assert result.seconds < 3 * 5 + 2 * 2 * 5 + 2  # three calls, two rounds with their touches
    assert "Still compiling after 3 calls in 15 s, where warming up ended." in (
        timings_of(result)["compile"].notes
    )


@pytest.mark.parametrize(
    ("slow", "fast", "touches"), [(0.08, 0.07, 0), (0.2, 0.045, 1), (0.045, 0.2, 1)]
)
def test_slow_calls_are_not_touched_before(slow: float, fast: float, touches: int) -> None:
    """All runners or none: the quickest decides."""
    calls: list[int] = []
    result = measured(lambda runner, call: calls.append(call), slow=slow, fast=fast, seconds=6)
    timed = sum(block.calls for block in result.blocks("compile"))
    warm = sum(block.calls for block in result.warm_ups["compile"].samples)
    assert len(calls) == warm + timed + touches * len(result.rounds)


def test_without_touches_nearly_twice_as_many_rounds_fit() -> None:
    def share(each: float) -> float:
        """Of the budget, how much was timed in the rounds."""
        result = measured(slow=each, fast=each, seconds=6, minimum_rounds=1000)
        return sum(block.seconds for done in result.rounds for block in done.blocks.values()) / 6

    assert share(0.07) > 1.6 * share(0.04)


def test_compiling_pays_off_after_some_calls() -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        runner.machine.time += 10.0 * (call == 1)

    timing = timings_of(measured(hook))["compile"]
    assert timing.compile_seconds == pytest.approx(10, rel=0.01)
    assert timing.break_even_calls == pytest.approx(10_000, rel=0.1)
    assert timings_of(measured(hook, slow=1e-3))["compile"].break_even_calls is None


def test_progress_tells_what_comes_and_what_is_left() -> None:
    told: list[Progress] = []
    measured(on_progress=told.append)
    assert [step.phase for step in told[:3]] == ["warm-up", "warm-up", "measure"]
    assert [step.runner for step in told[:3]] == ["eager", "compile", ""]
    assert told[-1].rounds_done > 20
    assert told[-1].rounds_planned == pytest.approx(told[-1].rounds_done, abs=3)
    assert all(step.seconds_left >= 0 for step in told)


def test_nonsense_is_refused() -> None:
    runner = FakeRunner(Machine())
    for runners, seconds in (([], 1.0), ([runner, runner], 1.0), ([runner], 0.0)):
        with pytest.raises(ValueError, match="names of their own"):
            measure(runners, seconds=seconds)


def test_the_collector_is_off_inside_only_and_put_back() -> None:
    seen: set[bool] = set()
    measured(lambda runner, call: seen.add(gc.isenabled()))
    assert seen == {False}
    gc.disable()
    try:
        measured()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_measurement_can_be_pickled() -> None:
    result = measured()
    assert pickle.loads(pickle.dumps(result)) == result


def spinner(name: str, size: int) -> Repeated:
    """Real work on the real clock."""
    return Repeated(name, partial(sum, range(size)))


@pytest.mark.alone
def test_equal_work_on_the_real_clock_is_rarely_called_different() -> None:
    different = 0
    for seed in range(6):
        runners = [spinner("a", 2000), spinner("b", 2000)]
        result = measure(runners, seconds=0.4, min_block=1e-3, seed=seed)
        different += timings_of(result)["b"].comparison.verdict in ("faster", "slower")
        assert result.seconds < 1.0
    assert different <= 2  # 99 of 100 suites keep to that, at 5 % each


@pytest.mark.alone
def test_half_the_work_on_the_real_clock_is_called_faster() -> None:
    result = measure([spinner("a", 4000), spinner("b", 2000)], seconds=0.5)
    comparison = timings_of(result)["b"].comparison
    assert comparison.verdict == "faster"
    assert 1.5 < comparison.speedup < 2.5
