"""A line about what compiling spent its time on, for whom it is worth one."""

from __future__ import annotations

import pytest

from dlmagic.magics.bench.compile_lines import compile_lines
from tests.magics.bench.examples import EXAMPLES, failed, faster, reference, result

PHASES = {"trace": 0.3, "lower": 0.2, "compile": 1.6}


def lines(*arms: object) -> list[str]:
    said = compile_lines(result(*arms))  # type: ignore[arg-type]
    return ["".join(span.text for span in line.spans) for line in said]


def line(**more: object) -> str:
    (said,) = lines(reference(), faster(**{"compile_seconds": 2.1, **more}))
    return said


def test_the_phases_are_told_in_the_order_of_the_framework() -> None:
    expected = "Making compile ready took 2.1 s: trace 300 ms, lower 200 ms, compile 1.6 s."
    assert line(compile_phases=PHASES) == expected


def test_what_the_framework_does_not_tell_is_the_rest() -> None:
    told = line(compile_phases={"trace": 0.3, "lower": 0.001})
    assert told == "Making compile ready took 2.1 s: trace 300 ms, the rest 1.8 s."


def test_the_interval_comes_before_the_phases() -> None:
    told = line(compile_phases=PHASES, compile_interval=(1.9, 2.6))
    assert told.startswith("Making compile ready took 2.1 s (1.9 to 2.6 s): trace")
    assert line(compile_interval=(1.9, 2.6)) == "Making compile ready took 2.1 s (1.9 to 2.6 s)."


def test_a_cold_cache_is_a_remark_and_a_warm_one_a_finding_elsewhere() -> None:
    assert line(compile_phases=PHASES, compile_cache="cold").endswith(
        "; it is in a disk cache now, so a later session pays less."
    )
    assert "cache" not in line(compile_phases=PHASES, compile_cache="warm")


@pytest.mark.parametrize(
    "more",
    [
        {"compile_phases": {}},
        {"compile_phases": {"trace": 0.02}, "compile_seconds": 0.04},
        {"compile_phases": PHASES, "compile_seconds": None},
    ],
)
def test_who_has_nothing_to_tell_gets_no_line(more: dict[str, object]) -> None:
    assert lines(reference(), faster(**more)) == []


def test_many_modes_are_counted() -> None:
    arms = [faster(f"m{k}", 3 - k / 10, compile_phases=PHASES) for k in range(6)]
    told = lines(reference(), failed(), *arms)
    assert [each.split()[1] for each in told[:4]] == ["m0", "m1", "m2", "m3"]
    assert told[4] == "And 2 more compiled; compile_phases of result.arms has them."


def test_a_dataframe_has_the_ends_of_both_intervals() -> None:
    frame = EXAMPLES["what compiling cost"].to_dataframe()
    assert frame.loc["compile", "compile_seconds_low"] == 1.9
    assert frame.loc["compile", "break_even_calls_high"] == 1500
    assert frame.loc["compile:max-autotune", "break_even_calls_high"] == float("inf")
    assert frame.loc["compile", "compile_cache"] == "cold"
