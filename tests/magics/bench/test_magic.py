"""``%%dlbench`` and ``%dlbench`` in a shell."""

from __future__ import annotations

import linecache

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.bench.magic import _names
from dlmagic.magics.bench.result import BenchResult
from dlmagic.shell.completion import offer_for_line

Captured = pytest.CaptureFixture[str]


def last(shell: InteractiveShell) -> object:
    return shell.user_ns["_"]


def test_a_cell_gives_a_result_with_the_users_text(loaded: InteractiveShell) -> None:
    loaded.run_cell("x = [3, 1, 2]", store_history=True)
    result = loaded.run_cell("%%dlbench -t 0.05\nsorted(x)", store_history=True).result
    assert isinstance(result, BenchResult)
    assert result["python"].status == "ok"
    assert result.cell == "%%dlbench -t 0.05\nsorted(x)\n"


@pytest.mark.alone
def test_a_line_times_an_expression(loaded: InteractiveShell) -> None:
    result = loaded.run_cell("%dlbench -t 0.05 sum(range(10))").result
    assert isinstance(result, BenchResult)
    assert result["python"].median < 1e-3


def test_the_namespace_is_left_alone_but_for_keep(loaded: InteractiveShell) -> None:
    loaded.run_cell("%%dlbench -t 0.05\nkept = 1")
    assert "kept" not in loaded.user_ns
    loaded.run_cell("%%dlbench -t 0.05 --keep\nkept = 1")
    assert loaded.user_ns["kept"] == 1


def test_costs_are_options_of_their_own(loaded: InteractiveShell) -> None:
    loaded.run_cell("import torch\nx = torch.ones(32, 32)")
    line = "%%dlbench -t 0.05 -m plain --memory --flops --energy --cold\nx @ x"
    result = loaded.run_cell(line).result
    assert isinstance(result, BenchResult)
    assert result.cold
    arm = result["plain"]
    assert arm.flops == 2 * 32**3
    assert arm.peak_memory is not None
    assert arm.energy is not None or any("Energy is not" in note for note in result.notes)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%dlbench", "needs an expression"),
        ("%%dlbench x + 1\nx = 1", "has no use for"),
        ("%%dlbench -m eagre\n1", "There is no mode eagre"),
        ("%%dlbench --tme 3\n1", "--time"),
        ("%%dlbench -t 0\n1", "above 0"),
        ("%%dlbench --reference fast\n1", "not a mode or alternative"),
        ("%%dlbench\nawait f()", "await"),
        ("%%dlbench --sweep\nn", "--sweep needs a value: --sweep NAME=V,V"),
        ("%%dlbench --sweep n\nn", "NAME=VALUE,VALUE"),
        ("%%dlbench --sweep n=1, 2\nn", "put all in quotes"),
        ("%%dlbench --sweep n=1,1\nn", "value 1 twice"),
        ("%%dlbench --sweep n=1,2\nm", "does not read n"),
        ("%%dlbench --sweep n=1,2\nm = n = 3\nn", "Line 2 assigns n"),
        ("%%dlbench --sweep n=1,2 --keep\nn", "--keep and --sweep"),
        ("%%dlbench --sweep n=1,2 -t 0.1\nn", "at least 0.3 s needed"),
    ],
)
def test_slips_are_one_line_without_a_traceback(
    loaded: InteractiveShell, capsys: Captured, cell: str, words: str
) -> None:
    outcome = loaded.run_cell(cell)
    assert not outcome.success
    shown = capsys.readouterr()
    assert words in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err


def test_a_sweep_binds_the_name_as_if_it_had_been_assigned(loaded: InteractiveShell) -> None:
    loaded.run_cell("n = 5\ndef size():\n    return n")
    cell = "%%dlbench -t 0.5 --sweep n=10,1000\nx = [0] * n\n# --- sum\nsum(x)\n# --- len\nsize()"
    result = loaded.run_cell(cell).result
    assert isinstance(result, BenchResult)
    assert result.sweep is not None
    assert [point.value for point in result.sweep.points] == [10, 1000]
    assert all(point.timed for point in result.sweep.points)
    assert loaded.user_ns["n"] == 5
    assert "x" not in loaded.user_ns


@pytest.mark.parametrize("option", ['"n=2, 4"', "n=2,4", "'n=2, 4'", '"n"=2,4'])
def test_values_with_blanks_go_into_quotes(loaded: InteractiveShell, option: str) -> None:
    outcome = loaded.run_cell(f"%dlbench -t 0.5 --sweep={option} [0] * n")
    if option.startswith('"n"'):
        assert not outcome.success
    else:
        assert [point.text for point in outcome.result.sweep.points] == ["2", "4"]


@pytest.mark.parametrize(
    ("typed", "texts"),
    [("", ("n=", "rate=")), ("ra", ("rate=",)), ("n=", ("n=",)), ("n=6", ()), ("x", ())],
)
def test_tab_offers_the_numbers_to_sweep(
    loaded: InteractiveShell, typed: str, texts: tuple[str, ...]
) -> None:
    loaded.user_ns.update(n=8, rate=0.5, flag=True, text="a", values=[1])
    assert offer_for_line(loaded, f"%%dlbench --sweep {typed}").texts == texts


def test_the_users_error_stands_at_the_users_line(
    loaded: InteractiveShell, capsys: Captured
) -> None:
    outcome = loaded.run_cell("%%dlbench -t 0.05\nx = 1\nx / 0", store_history=True)
    assert isinstance(outcome.error_in_exec, ZeroDivisionError)
    shown = capsys.readouterr().out
    assert "x / 0" in shown
    assert "dlmagic/" not in shown
    assert linecache.cache


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, None),
        ("", None),
        ("eager", ("eager",)),
        ("eager, compile", ("eager", "compile")),
        ("eager,,", ("eager",)),
    ],
)
def test_modes_are_separated_by_commas(text: str | None, names) -> None:
    assert _names(text) == names
