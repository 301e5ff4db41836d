"""How many processes, in which order, and what is said of their times.

The processes are simulated here, so that thousands of them cost nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.isolated.repetitions import Plan
from dlmagic.magics.bench.isolated.task import Answer, Task
from dlmagic.magics.bench.processes import compare_processes
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

CELL = "# --- one\nsum(range(9))\n# --- two\nsum(range(9))"


@dataclass
class Simulated:
    """Processes whose true speed is known.

    Attributes:
        seconds: A call of each arm.
        process: Spread of the processes, a standard deviation of logarithms.
        rounds: Spread of the rounds within one.
        hook: Called with each task and its number; may raise, or answer in place of it.
    """

    seconds: dict[str, float] = field(default_factory=lambda: {"one": 1e-3, "two": 1e-3})
    process: float = 0.03
    rounds: float = 0.02
    seed: int = 0
    hook: Callable[[Task, int], Answer | None] = lambda _task, _number: None
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = np.random.default_rng(self.seed)

    def __call__(self, task: Task) -> Answer:
        self.tasks.append(task)
        answer = self.hook(task, len(self.tasks))
        if answer is not None:
            return answer
        level = self.seconds[task.name] * math.exp(self.numbers.normal(0, self.process))
        samples = tuple((level * np.exp(self.numbers.normal(0, self.rounds, 10))).tolist())
        arm = Arm(
            name=task.mode, samples=samples, median=float(np.median(samples)), agrees=True,
            agreement="exactly", max_error=0.0, compile_seconds=0.5 if task.name == "two" else None,
        )  # fmt: skip
        return Answer(BenchResult(arms=(arm,), reference=""))

    def bench(self, text: str = CELL, **options: object) -> BenchResult:
        request = Request(
            CellSource.from_text(text), {"__name__": "__main__"}, isolate=True, **options  # type: ignore[arg-type]
        )  # fmt: skip
        return bench_cell(request, Surroundings(StreamOutput(), launch=self))


@pytest.mark.parametrize(
    ("seconds", "arms", "plan"),
    [
        (5, 1, (5, 1.0)),
        (5, 2, (5, 0.5)),
        (5, 4, (5, 0.25)),
        (5, 6, (4, 0.2)),
        (5, 20, (3, 0.08)),
        (20, 2, (10, 1.0)),
        (1000, 1, (30, 33.0)),
        (0.1, 2, (3, 0.016)),
    ],
)
def test_the_budget_is_shared(seconds: float, arms: int, plan: tuple[int, float]) -> None:
    found = Plan.of(seconds, arms)
    assert found.repetitions == plan[0]
    assert found.seconds == pytest.approx(plan[1], rel=0.1)
    assert found.repetitions * found.seconds * arms == pytest.approx(seconds)


def test_every_arm_has_one_process_in_every_repetition_in_changing_order() -> None:
    machine = Simulated()
    result = machine.bench(seconds=20.0)
    names = [task.name for task in machine.tasks]
    pairs = list(zip(names[::2], names[1::2], strict=True))
    assert all(set(pair) == {"one", "two"} for pair in pairs)
    assert Counter(pairs) == {("one", "two"): 5, ("two", "one"): 5}
    assert result.rounds == 10
    assert len({task.seed for task in machine.tasks}) == 10


def test_the_samples_of_each_process_are_kept() -> None:
    result = Simulated().bench()
    arm = result["two"]
    assert len(arm.ranks) == len(arm.samples) == 5
    assert all(len(rank) == 10 for rank in arm.ranks)
    assert arm.samples[0] == pytest.approx(math.exp(np.mean(np.log(arm.ranks[0]))))
    assert arm.interval[0] < arm.median < arm.interval[1]
    assert arm.compile_seconds == 0.5
    assert BenchResult.from_json(result.to_json()) == result
    assert "5 fresh processes per arm" in repr(result)


def test_answers_of_alternatives_are_compared_here_and_those_of_modes_there() -> None:
    result = Simulated().bench()
    assert result["two"].agrees is True
    other = Simulated().bench("# --- one\nsum(range(9))\n# --- two\nsum(range(8))")
    assert other["two"].agrees is False
    assert "28 instead of 36" in other["two"].agreement


def test_a_mode_that_answers_otherwise_in_any_process_is_told() -> None:
    result = Simulated({"plain": 1e-3, "python": 1e-3}, hook=_differing).bench(
        "sum(range(9))", modes=("python", "plain")
    )
    assert result["plain"].agrees is False
    assert result["plain"].agreement == "differs"


def _differing(task: Task, number: int) -> Answer | None:
    if task.name != "plain" or number < 5:
        return None
    arm = Arm(name="plain", samples=(1e-3,) * 5, median=1e-3, agrees=False, agreement="differs")
    return Answer(BenchResult(arms=(arm,)))


def test_a_process_that_crashes_fails_its_arm_and_no_other() -> None:
    def hook(task: Task, number: int) -> Answer | None:
        return (
            Answer(reason="its process ended with SIGSEGV", line=4) if task.name == "two" else None
        )

    machine = Simulated(hook=hook)
    result = machine.bench()
    assert result["two"].status == "failed"
    assert result["two"].reason == "its process ended with SIGSEGV"
    assert result["two"].line == 4
    assert result["one"].measured
    assert Counter(task.name for task in machine.tasks) == {"one": 5, "two": 1}
    assert result.rounds == 5
    assert "SIGSEGV" in repr(result)


def test_a_reference_that_crashes_leaves_the_times_of_the_others() -> None:
    def hook(task: Task, number: int) -> Answer | None:
        return Answer(reason="it ended") if task.name == "one" else None

    result = Simulated(hook=hook).bench()
    assert result["two"].measured
    assert result["two"].speedup is None


@pytest.mark.parametrize("number", range(1, 11))
def test_an_interrupt_keeps_what_is_complete(number: int) -> None:
    def hook(task: Task, count: int) -> Answer | None:
        if count == number:
            raise KeyboardInterrupt
        return None

    result = Simulated(hook=hook).bench()
    assert result.partial
    assert result.rounds == (number - 1) // 2
    seen = sum(len(arm.ranks) for arm in result.arms)
    assert seen == number - 1
    assert (result["two"].speedup_interval is not None) == (number > 6)
    assert repr(result)
    if number == 1:
        assert {arm.reason for arm in result.arms} == {"interrupted before its turn"}


@pytest.mark.parametrize("spread", [0.01, 0.2])
def test_equal_arms_are_rarely_called_different(spread: float) -> None:
    """A spread between processes widens the interval; at most 67 of 1000, the 99 % limit of 5 %."""
    numbers = np.random.default_rng(7)
    wrong = 0
    for _ in range(1000):
        one, two = np.exp(numbers.normal(0, spread, (2, 5))).tolist()
        interval = compare_processes(one, two).interval
        assert interval is not None
        wrong += not interval[0] <= 1 <= interval[1]
    assert wrong <= 67


def test_rounds_alone_would_be_fooled_by_what_a_process_is_given() -> None:
    """A tenth of speed by luck, as from the place of its memory: 10 rounds of it know nothing."""
    covered = naive = 0
    for seed in range(100):
        one, two = np.random.default_rng(seed).normal(0, 0.1, (2, 5))
        found = compare_processes(np.exp(one).tolist(), np.exp(two).tolist()).interval
        assert found is not None
        covered += found[0] <= 1 <= found[1]
        naive += abs(one[0] - two[0]) < 2 * 0.01 * math.sqrt(2 / 10)
    assert covered >= 89  # the 99 % limit of 95 %
    assert naive < 30


def test_a_planted_fifth_is_found() -> None:
    found = 0
    for seed in range(50):
        numbers = np.random.default_rng(seed)
        one = np.exp(numbers.normal(0, 0.05, 5))
        two = 1.2 * np.exp(numbers.normal(0, 0.05, 5))
        found += compare_processes(one.tolist(), two.tolist()).verdict == "slower"
    assert found >= 45


def test_two_repetitions_allow_no_interval() -> None:
    assert compare_processes([1.0, 1.0], [2.0, 2.0]).interval is None
    assert compare_processes([], []).verdict == "unclear"
    with pytest.raises(ValueError, match="same repetitions"):
        compare_processes([1.0], [])
