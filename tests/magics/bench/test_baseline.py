"""Benchmarks of two days compared: side by side, or apart and in wider intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.baseline import compare_with_baseline
from dlmagic.magics.bench.baseline_result import Baseline, Input, Provenance, TimedCode
from dlmagic.magics.bench.counterparts import Counterpart, counterparts
from dlmagic.magics.bench.result import BenchResult
from tests.magics.bench.examples import ENVIRONMENT

X = Input("x", "int", text="1", form="f", content="c")


def code(text: str, way: str = "as written", setup: str = "") -> TimedCode:
    return TimedCode(text, setup, way, ("x",))


def provenance(
    speed: float = 1.0, inputs: tuple[Input, ...] = (X,), **arms: TimedCode
) -> Provenance:
    numbers = np.random.default_rng(1)
    bursts = (numbers.normal(1, 0.01, 50) * 1e-3 / speed for _ in range(2))
    return Provenance("cell", arms, inputs, tuple(tuple(each.tolist()) for each in bursts))


def arm(name: str, seconds: float, seed: int = 0, mode: str = "plain", **more: Any) -> Arm:
    numbers = np.random.default_rng(seed)
    samples = tuple((seconds * np.exp(numbers.normal(0, 0.02, 40))).tolist())
    return Arm(name=name, mode=mode, samples=samples, median=float(np.median(samples)), **more)


def benchmark(*arms: Arm, known: Provenance | None, **more: Any) -> BenchResult:
    options = {"environment": ENVIRONMENT, "reference": arms[0].name, **more}
    return BenchResult(arms=arms, provenance=known, **options)


def compared(then: BenchResult, now: BenchResult) -> Baseline:
    return compare_with_baseline("base.json", then, now)


OLD = benchmark(arm("eager", 1.0), known=provenance(eager=code("a")))


def test_code_that_was_changed_is_compared_with_the_saved_times() -> None:
    now = benchmark(arm("eager", 1.2, 1), known=provenance(eager=code("b")))
    found = compared(OLD, now)["eager"]
    assert found.speedup == pytest.approx(OLD["eager"].median / now["eager"].median)  # type: ignore[operator]
    assert found.verdict == "slower"
    assert (found.side_by_side, found.same_code) == (False, False)
    assert found.saved_median == OLD["eager"].median
    low, high = found.interval or (0, 0)
    assert low < 1 / 1.2 < high < 1


def test_a_helper_that_was_changed_is_no_code_that_ran_again() -> None:
    other = (replace(X, kind="function", form="other"),)
    now = benchmark(arm("eager", 1.2, 1), known=provenance(inputs=other, eager=code("a")))
    found = compared(OLD, now)
    assert not found["eager"].same_code
    assert found["eager"].verdict == "slower"
    assert found.level_source == "yardstick"


def test_a_machine_that_moved_as_much_leaves_it_unclear() -> None:
    now = benchmark(arm("eager", 1.2, 1), known=provenance(1 / 1.2, eager=code("b")))
    found = compared(OLD, now)
    assert found.machine == pytest.approx(1.2, rel=0.02)
    assert found.level == pytest.approx(1.2, rel=0.02)
    assert found["eager"].verdict == "unclear"


def test_where_the_old_code_runs_again_others_are_compared_with_it_side_by_side() -> None:
    """The machine is half as fast as it was, which does not matter then."""
    now = benchmark(
        arm("old", 2.0, 1),
        arm("new", 1.8, 2),
        known=provenance(0.5, old=code("a"), new=code("b")),
    )
    found = compared(OLD, now)
    assert found["new"].side_by_side
    assert found["new"].against == "eager"
    assert found["new"].speedup == pytest.approx(2.0 / 1.8, rel=0.02)
    assert found["new"].verdict == "faster"
    assert found["old"].same_code
    assert not found["old"].side_by_side
    assert found.level_source == "re-run"
    assert found.level_arms == ("old",)
    assert found.level == pytest.approx(2.0, rel=0.05)


def test_of_the_same_code_under_the_same_conditions_no_change_is_claimed() -> None:
    now = benchmark(arm("eager", 1.5, 1), known=provenance(eager=code("a")))
    found = compared(OLD, now)
    assert found["eager"].same_code
    assert found["eager"].verdict == "unclear"
    assert found.level == pytest.approx(1.5, rel=0.05)
    again = compared(OLD, benchmark(arm("eager", 1.0), known=provenance(eager=code("a"))))
    assert again["eager"].verdict == "same"


def test_of_the_same_code_with_another_framework_the_change_is_told() -> None:
    other = replace(
        ENVIRONMENT, packages={**ENVIRONMENT.packages, "torch": "3.0"}, threads={"torch": 8}
    )
    known = provenance(eager=code("a"))
    found = compared(OLD, benchmark(arm("eager", 1.5, 1), known=known, environment=other))
    assert found["eager"].verdict == "slower"
    assert found.conditions == (
        "The baseline was made with torch 2.13.0 and 2 threads; here torch 3.0 and 8 threads."
    )


def test_a_re_run_arm_tells_how_far_others_that_did_not_run_again_may_lie_apart() -> None:
    ways = {"eager": code("a"), "compile": code("a", "compile")}
    then = benchmark(arm("eager", 1.0), arm("compile", 0.5, 5, "compile"), known=provenance(**ways))
    changed = {"eager": code("a"), "compile": code("b", "compile")}
    now = benchmark(
        arm("eager", 1.3, 1), arm("compile", 0.6, 2, "compile"), known=provenance(**changed)
    )
    found = compared(then, now)
    assert found["compile"].against == "compile"
    assert found["compile"].level == found.level == pytest.approx(1.3, rel=0.05)
    assert found["compile"].verdict == "unclear"


def test_without_a_yardstick_nothing_is_told_for_sure() -> None:
    then = benchmark(arm("eager", 1.0), known=None)
    now = benchmark(arm("eager", 3.0, 1), known=provenance(eager=code("b")))
    found = compared(then, now)
    assert found["eager"].verdict == "unclear"
    assert (found.level, found.level_source) == (None, "unknown")
    assert "without a description" in found.inputs[0]


def test_processes_are_compared_by_processes() -> None:
    ranks = tuple((s,) * 5 for s in (1.0, 1.01, 0.99, 1.02, 0.98))
    times = tuple(r[0] for r in ranks)
    isolated = Arm(name="eager", samples=times, ranks=ranks, median=1.0)
    then = benchmark(isolated, known=provenance(eager=code("a")))
    slower = replace(isolated, samples=tuple(2 * t for t in times), median=2.0)
    now = benchmark(slower, known=provenance(eager=code("b")))
    found = compared(then, now)["eager"]
    assert found.verdict == "slower"
    assert found.interval is not None
    assert 0.4 < found.interval[0] < 0.5 < found.interval[1] < 0.6


MODES = {"eager": "eager", "compile": "compile"}


@pytest.mark.parametrize(
    ("saved", "now", "found"),
    [
        # The same names and code.
        (
            {"eager": code("a"), "compile": code("a", "compile")},
            {"eager": code("a"), "compile": code("a", "compile")},
            {"eager": ("eager", True), "compile": ("compile", True)},
        ),
        # The same code as an alternative, which is executed as it is written.
        (
            {"eager": code("a"), "compile": code("a", "compile")},
            {"old": code("a"), "new": code("b")},
            {"old": ("eager", True), "new": ("eager", False)},
        ),
        # Alternatives that have changed names.
        (
            {"one": code("a"), "two": code("b")},
            {"one": code("b"), "two": code("c")},
            {"one": ("two", True), "two": ("two", False)},
        ),
        # Another cell with the same modes.
        (
            {"eager": code("a"), "compile": code("a", "compile")},
            {"eager": code("b"), "compile": code("b", "compile")},
            {"eager": ("eager", False), "compile": ("compile", False)},
        ),
        # One time is compared with everything.
        ({"only": code("a")}, {"p": code("b"), "q": code("c")},
         {"p": ("only", False), "q": ("only", False)}),
        # Nothing in common.
        ({"one": code("a"), "two": code("b")}, {"three": code("c")}, {}),
        # Another set-up makes another thing of the same code only by what it leaves.
        ({"one": code("a", setup="s"), "2": code("b")}, {"one": code("a")}, {"one": ("one", True)}),
    ],
)  # fmt: skip
def test_each_arm_finds_its_counterpart(
    saved: dict[str, TimedCode], now: dict[str, TimedCode], found: dict[str, tuple[str, bool]]
) -> None:
    arms = [arm(name, 1.0, mode=each.way) for name, each in saved.items()]
    then = benchmark(*arms, known=provenance(**saved))
    modes = {name: each.way for name, each in now.items()}
    assert counterparts(then, provenance(**now), modes) == {
        name: Counterpart(*each) for name, each in found.items()
    }


def test_arms_without_times_are_left_out() -> None:
    broken = [
        Arm(name="nan", samples=(float("nan"),), median=1.0),
        Arm(name="failed", status="failed"),
    ]
    then = benchmark(*broken, arm("eager", 1.0), known=provenance(eager=code("a")))
    now = benchmark(
        Arm(name="eager", status="failed"), arm("nan", 1.0), known=provenance(nan=code("z"))
    )
    found = compared(then, now)
    assert [each.name for each in found.arms] == ["nan"]
    with pytest.raises(KeyError, match="only nan"):
        found["eager"]


def test_a_comparison_is_kept_as_json() -> None:
    now = benchmark(
        arm("old", 2.0, 1), arm("new", 1.8, 2), known=provenance(old=code("a"), new=code("b"))
    )
    result = replace(now, baseline=compared(OLD, now))
    assert BenchResult.from_json(result.to_json()) == result


@pytest.mark.parametrize("change", [1.0, 1.1])
def test_two_days_of_one_code_are_rarely_called_different(change: float) -> None:
    """The machine of another day is another one; the yardstick moves along."""
    called = 0
    for seed in range(200):
        numbers = np.random.default_rng(seed)
        speed = float(np.exp(numbers.normal(0, 0.05)))
        now = benchmark(
            arm("eager", change / speed, seed + 1000), known=provenance(speed, eager=code("b"))
        )
        called += compared(OLD, now)["eager"].verdict in ("faster", "slower")
    # The 99 % limit of 5 %; a tenth more is found where the machine is nearly the same.
    assert called <= 18 if change == 1.0 else called >= 60
