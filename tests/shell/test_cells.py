import linecache
from argparse import Namespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell.cells import cell_source, deliver, expression_source


def test_lines_are_those_of_the_raw_cell(shell: InteractiveShell) -> None:
    source = cell_source(shell, "%%dlbench --time 2", "x = 1\nfiles = !ls\n%time y = 2\n")
    assert source.text.startswith("%%dlbench --time 2\nx = 1\n")
    lines = source.python.splitlines()
    assert lines[:2] == ["", "x = 1"]
    assert "getoutput" in lines[2]
    assert "run_line_magic" in lines[3]
    assert linecache.getline(source.filename, 1) == "%%dlbench --time 2\n"
    assert linecache.getline(source.filename, 4) == "%time y = 2\n"


def test_tracebacks_number_the_running_cell(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded.execution_count = 5
    loaded.run_cell("%%sample\n1 / 0", store_history=True)
    shown = capsys.readouterr().out
    assert "In[5]" in shown or "input-5-" in shown  # since IPython 8, before


def test_an_expression_is_a_cell_of_one_line(shell: InteractiveShell) -> None:
    source = expression_source(shell, "torch.mm(a,  b)")
    assert (source.text, source.python.rstrip("\n")) == ("torch.mm(a,  b)",) * 2


def test_flags_of_the_notebook_are_kept(shell: InteractiveShell) -> None:
    shell.run_cell("from __future__ import annotations").raise_error()
    assert cell_source(shell, "%%dlbench", "x = 1").flags == shell.compile.flags != 0


@pytest.mark.parametrize("quiet", [True, False])
def test_output_and_quiet(shell: InteractiveShell, quiet: bool) -> None:
    result = object()
    value = deliver(shell, Namespace(output="best", quiet=quiet), result)
    assert value is (None if quiet else result)
    assert shell.user_ns["best"] is result


def test_without_a_name_nothing_is_stored(shell: InteractiveShell) -> None:
    before = set(shell.user_ns)
    deliver(shell, Namespace(output=None, quiet=False), 1)
    assert set(shell.user_ns) == before


def test_the_options_of_a_magic(loaded: InteractiveShell) -> None:
    result = loaded.run_cell("%sample -q -o best 6  *  7")
    assert (result.result, loaded.user_ns["best"]) == (None, 42)
    assert loaded.run_cell("%sample 6 * 7").result == 42
    assert loaded.run_cell("%%sample\nvalue = '{1} $x'\n").result == "{1} $x"
