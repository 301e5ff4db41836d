"""A sweep from the cell to the result."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import dlmagic
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError, InputError, OptionError
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.result import Sweep
from dlmagic.magics.bench.sweep.values import read_sweep
from tests.magics.bench.simulated import normal
from tests.magics.bench.sweep.planted import planted

CROSSING = """# --- square
clock.work(1e-8 * n * n)
# --- line
clock.work(3e-6 * n)"""


def sweep_of(result: BenchResult) -> Sweep:
    assert result.sweep is not None
    return result.sweep


def test_every_value_is_a_benchmark_of_its_own() -> None:
    sweep = sweep_of(planted(CROSSING, "n=64,128,256,512,1024"))
    assert [point.number for point in sweep.points] == [64, 128, 256, 512, 1024]
    for point in sweep.points:
        assert point["square"].median == pytest.approx(1e-8 * point.value**2)
        assert point["line"].median == pytest.approx(3e-6 * point.value)
    assert {each.arm: round(each.exponent, 6) for each in sweep.growth} == {"square": 2, "line": 1}


def test_the_crossing_is_where_it_was_planted() -> None:
    [crossing] = sweep_of(planted(CROSSING, "n=64,128,256,512,1024", normal)).crossings
    assert (crossing.arm, crossing.turns) == ("line", "faster")
    assert (crossing.after, crossing.before) == ("256", "512")
    assert crossing.interval[0] <= 300 <= crossing.interval[1]
    assert crossing.at == pytest.approx(300, rel=0.1)


def test_the_arms_of_the_result_are_those_of_the_last_value_with_times() -> None:
    result = planted("1 / (n - 3)\nclock.work(1e-3 * n)", "n=1,2,3")
    sweep = sweep_of(result)
    assert [point.status for point in sweep.points] == ["ok", "ok", "failed"]
    assert result.arms == sweep[2].arms
    assert result["python"].median == pytest.approx(2e-3)
    assert result.rounds == sweep[2].rounds


def test_a_value_that_fails_says_why_and_where_and_the_others_stand() -> None:
    result = planted("a = 1\n1 / (n - 2)\nclock.work(1e-3)", "n=1,2,3")
    failed = sweep_of(result)[2]
    assert (failed.status, failed.line) == ("failed", 2)
    assert failed.reason == "ZeroDivisionError: division by zero"
    assert failed.arms == ()
    assert not result.partial


def test_the_first_value_may_be_the_one_that_fails() -> None:
    sweep = sweep_of(planted("1 / n\nclock.work(1e-3)", "n=0,1"))
    assert [point.status for point in sweep.points] == ["failed", "ok"]


def test_the_set_up_may_fail_as_well() -> None:
    sweep = sweep_of(planted("a = [1][n]\n# --- one\nclock.work(1e-3)\na", "n=0,1"))
    assert (sweep[1].status, sweep[1].line) == ("failed", 1)


def test_where_every_value_fails_the_error_is_the_users() -> None:
    with pytest.raises(NameError, match="missing"):
        planted("missing(n)", "n=1,2")


def test_an_arm_that_fails_at_one_value_is_told_there(bench, namespace) -> None:
    calls = namespace["calls"] = ModuleType("calls")
    left = [0] * 5
    calls.count = lambda n: n == 2 and left.pop()  # type: ignore[attr-defined]
    text = "# --- one\nn + 1\n# --- two\ncalls.count(n)"
    result = bench(text, sweep=read_sweep("n=1,2,3"), seconds=1)
    arms = [point["two"] for point in sweep_of(result).points]
    assert [arm.status for arm in arms] == ["ok", "failed", "ok"]
    assert (arms[1].reason, arms[1].line) == ("IndexError: pop from empty list", 4)
    assert "failed: two at n = 2 at line 4: `calls.count(n)` – IndexError" in repr(result)


@pytest.mark.alone
def test_the_set_up_sees_the_value(namespace, bench) -> None:
    text = "data = list(range(n))\n# --- sum\nsum(data)\n# --- len\nlen(data)"
    sweep = sweep_of(bench(text, sweep=read_sweep("n=10,1000"), seconds=1))
    assert sweep[1000]["sum"].median > 5 * sweep[10]["sum"].median
    assert "data" not in namespace
    assert "n" not in namespace


def test_blocks_and_modes_multiply(bench) -> None:
    text = "# --- a\nsum(range(n))\n# --- b\nn * (n - 1) // 2"
    sweep = sweep_of(bench(text, sweep=read_sweep("n=3,30"), modes=("python", "plain"), seconds=1))
    names = ("a/python", "a/plain", "b/python", "b/plain")
    assert sweep.arms == names
    assert all(arm.agrees for point in sweep.points for arm in point.arms[1:])


@pytest.mark.parametrize(
    ("text", "values"),
    [("mode='sum','prod'", ["sum", "prod"]), ("mode='prod','sum'", ["prod", "sum"])],
)
def test_texts_are_swept(bench, namespace, text: str, values: list[str]) -> None:
    namespace["np"] = np
    result = bench("getattr(np.ones(3), mode)()", sweep=read_sweep(text), seconds=0.5)
    sweep = sweep_of(result)
    assert [point.value for point in sweep.points] == values
    assert all(point.timed and point.number is None for point in sweep.points)
    assert sweep.growth == sweep.crossings == ()


@pytest.mark.parametrize("before", [{}, {"n": 7}])
def test_the_name_is_put_back(bench, namespace, before: dict[str, object]) -> None:
    namespace.update(before)
    bench("n * n", sweep=read_sweep("n=1000000,2000000"), seconds=0.5)
    with pytest.raises(ZeroDivisionError):
        bench("1 / (n - n)", sweep=read_sweep("n=1,2"), seconds=0.5)
    assert {name: v for name, v in namespace.items() if not name.startswith("__")} == before


def test_output_is_shown_for_the_first_value_alone(bench, capsys) -> None:
    bench("print('n is', n)\n# --- one\nprint('one', n)", sweep=read_sweep("n=1,2,3"), seconds=1)
    assert capsys.readouterr().out == "n is 1\none 1\n"


def test_progress_names_the_value() -> None:
    told: list[str] = []
    request = Request(
        CellSource.from_text("n + 1"),
        {"__name__": "__main__"},
        sweep=read_sweep("n=1,2"),
        seconds=0.5,
    )
    bench_cell(request, Surroundings(StreamOutput(), told.append))
    assert told[0] == "n = 1 (1 of 2): reading what the cell uses"
    assert any(re.match(r"n = 2 \(2 of 2\): round \d", line) for line in told)


def test_time_is_divided_among_the_values() -> None:
    result = planted("clock.work(1e-3 * n)", "n=1,2,3,4", normal, seconds=4)
    sweep = sweep_of(result)
    for point in sweep.points:
        measured = sum(point["python"].samples) * point["python"].calls
        assert measured <= 1
    assert result.seconds <= 6


def test_advice_on_time_is_for_all_values_together() -> None:
    result = planted("clock.work(0.1 * n)", "n=1,2", seconds=1)
    [note] = result.notes
    match = re.fullmatch(r"n = (?:1 and )?2: .* \(--time ([\d.]+)\)\.", note)
    assert match
    assert float(match[1]) > 2 * 10 * 0.2  # twice ten rounds of the slower


@pytest.mark.parametrize(
    ("text", "options", "kind", "words"),
    [
        ("m + 1", {}, OptionError, "does not read n"),
        ("n = 2\nn", {}, OptionError, "Line 1 assigns n"),
        ("n", {"seconds": 0.1}, OptionError, "at least 0.3 s needed"),
        ("n", {"modes": ("eagre",)}, InputError, "no mode eagre"),
        ("n", {"reference": "fast"}, OptionError, "not a mode or alternative"),
        ("await n", {}, CellError, "await"),
        ("", {}, CellError, "nothing to time"),
        ("n +", {}, SyntaxError, "invalid syntax"),
    ],
)
def test_slips_are_told_before_the_cell_runs(
    text: str, options: dict[str, object], kind: type[Exception], words: str
) -> None:
    namespace: dict[str, object] = {"__name__": "__main__", "n": 5, "m": 1}
    told: list[str] = []
    known = {"sweep": read_sweep("n=1,2"), "seconds": 1.0} | options
    request = Request(CellSource.from_text(text), namespace, **known)  # type: ignore[arg-type]
    with pytest.raises(kind, match=words):
        bench_cell(request, Surroundings(StreamOutput(), told.append))
    assert not any("run" in line for line in told)
    assert namespace["n"] == 5


def test_keep_and_sweep_do_not_go_together() -> None:
    with pytest.raises(OptionError, match="--keep and --sweep"):
        Request(CellSource.from_text("n"), {}, keep=True, sweep=read_sweep("n=1,2"))


def interrupting(words: str) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if words in line:
            raise KeyboardInterrupt

    return tell


@pytest.mark.parametrize("step", ["reading", "first run", "preparing", "warming up", "round 1"])
def test_an_interrupt_keeps_the_finished_values(step: str) -> None:
    namespace: dict[str, object] = {"__name__": "__main__", "n": 5}
    request = Request(
        CellSource.from_text("sum(range(n))"), namespace, sweep=read_sweep("n=1,2,3"), seconds=1
    )
    result = bench_cell(request, Surroundings(StreamOutput(), interrupting(f"2 of 3): {step}")))
    sweep = sweep_of(result)
    assert result.partial
    assert [point.status for point in sweep.points] == ["ok", "skipped", "skipped"]
    assert result.arms == sweep[1].arms
    assert "Partial result: stopped, so no times for n = 2 and 3." in repr(result)
    assert namespace["n"] == 5


def test_rounds_before_an_interrupt_are_kept() -> None:
    request = Request(
        CellSource.from_text("sum(range(n))"), {}, sweep=read_sweep("n=1,2,3"), seconds=1
    )
    result = bench_cell(request, Surroundings(StreamOutput(), interrupting("2 of 3): round 4")))
    sweep = sweep_of(result)
    assert [point.rounds for point in sweep.points[1:]] == [3, 0]
    assert sweep[2].partial
    assert "few rounds for n = 2" in repr(result)


@pytest.mark.parametrize("step", ["reading", "first run"])
def test_an_interrupt_before_anything_is_known_is_the_users(step: str) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    request = Request(CellSource.from_text("n"), namespace, sweep=read_sweep("n=1,2"), seconds=1)
    with pytest.raises(KeyboardInterrupt):
        bench_cell(request, Surroundings(StreamOutput(), interrupting(f"1 of 2): {step}")))
    assert "n" not in namespace


def test_the_result_survives_json_and_pickle() -> None:
    result = planted("1 / (n - 2.5)\nclock.work(1e-3 * n)", "n=1,2.5,3")
    assert BenchResult.from_json(result.to_json()) == result
    assert pickle.loads(pickle.dumps(result)) == result


def test_the_function_form_sweeps_text() -> None:
    result = dlmagic.bench("sum(range(n))", sweep={"n": [10, 1000]}, time=0.5)
    assert [point.text for point in sweep_of(result).points] == ["10", "1000"]
    same = dlmagic.bench("sum(range(n))", namespace={}, sweep="n=10,1000", time=0.5)
    assert sweep_of(same).name == "n"
    with pytest.raises(InputError, match="text of a cell"):
        dlmagic.bench(len, args=[[1]], sweep={"n": [1, 2]})


def test_a_point_and_an_arm_are_found_by_name() -> None:
    sweep = sweep_of(planted(CROSSING, "n=64,128"))
    assert sweep[64]["line"].name == "line"
    with pytest.raises(KeyError, match="not swept over 65, but over 64, 128"):
        sweep[65]
    with pytest.raises(KeyError, match="no arm 'circle'"):
        sweep[64]["circle"]
