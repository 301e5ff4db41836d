from __future__ import annotations

import io
import sys

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

OURS = ("dlmagic", "interactiveshell.py", "tests/shell/magics.py", "run_cell_magic")


class Output:
    """What one cell showed, and the exception that it ended with."""

    def __init__(
        self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str
    ) -> None:
        capsys.readouterr()
        self.error = shell.run_cell(cell, store_history=True).error_in_exec
        captured = capsys.readouterr()
        self.text = captured.out + captured.err


def test_an_error_of_ours_is_one_line(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%%sample -m fast\nx = 1")
    assert type(output.error) is UsageError
    assert output.text == "UsageError: There is no mode fast. Choose eager.\n"
    assert "x" not in loaded.user_ns


def test_an_unknown_option_is_one_line(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%sample --mode 1 + 1")
    assert output.text == "UsageError: %sample has no option --mode. Did you mean --modes?\n"


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose"])
def test_an_error_of_the_user_keeps_their_frames_alone(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    loaded.run_cell("def divide(a, b):\n    return a / b")
    loaded.run_line_magic("xmode", mode)
    output = Output(loaded, capsys, "%%sample\na = 1\nb = divide(a, 0)")
    loaded.run_line_magic("xmode", "Context")
    assert type(output.error) is ZeroDivisionError
    assert "b = divide(a, 0)" in output.text
    assert "return a / b" in output.text
    assert "ZeroDivisionError: division by zero" in output.text
    assert not [frame for frame in OURS if frame in output.text], output.text


def test_the_line_is_that_of_the_raw_cell(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%%sample\na = 1\n1 / 0")
    assert "----> 3 1 / 0" in output.text


def test_the_traceback_can_be_shown_again_and_debugged(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Output(loaded, capsys, "%%sample\n1 / 0")
    again = Output(loaded, capsys, "%tb")
    assert again.text.strip() == first.text.strip()
    assert sys.last_value is first.error
    innermost = sys.last_traceback
    while innermost.tb_next:
        innermost = innermost.tb_next
    assert innermost.tb_frame.f_globals is loaded.user_ns


def test_the_debugger_stops_in_the_users_frame(
    loaded: InteractiveShell,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded.run_cell("def divide(a, b):\n    return a / b")
    Output(loaded, capsys, "%%sample\ndivide(41, 0)")
    monkeypatch.setattr(sys, "stdin", io.StringIO("p a + 1\nup\np a\nq\n"))
    output = Output(loaded, capsys, "%debug")
    assert "42" in output.text
    assert "divide(41, 0)" in output.text


def test_an_interrupt_of_the_user_shows_where(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%%sample\nraise KeyboardInterrupt")
    assert type(output.error) is KeyboardInterrupt
    assert "----> 2 raise KeyboardInterrupt" in output.text
    assert not [frame for frame in OURS if frame in output.text], output.text


def test_a_syntax_error_shows_the_users_line_alone(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (loaded.custom_exceptions, loaded.CustomTB)
    output = Output(loaded, capsys, "%%sample\na = 1\nb = = 2")
    assert type(output.error) is SyntaxError
    assert output.error.lineno == 3
    assert "b = = 2" in output.text
    assert "SyntaxError: invalid syntax" in output.text
    assert not [frame for frame in OURS if frame in output.text], output.text
    assert (loaded.custom_exceptions, loaded.CustomTB) == before


def test_a_syntax_error_below_the_cell_keeps_the_users_frames(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%%sample\nsource = '1 +'\neval(source)")
    assert "eval(source)" in output.text
    assert "SyntaxError" in output.text
    assert not [frame for frame in OURS if frame in output.text], output.text


def test_a_syntax_error_that_the_user_catches_does_not_change_the_next(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (loaded.custom_exceptions, loaded.CustomTB)
    cell = "try:\n    get_ipython().run_cell_magic('sample', '', '1 +')\nexcept SyntaxError: pass"
    assert Output(loaded, capsys, cell).text == ""
    assert "SyntaxError" in Output(loaded, capsys, "eval('2 +')").text
    assert (loaded.custom_exceptions, loaded.CustomTB) == before


def test_a_mistake_of_ours_keeps_its_full_traceback(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(loaded, capsys, "%sample --broken 1")
    assert type(output.error) is LookupError
    assert "magics.py" in output.text


def test_an_error_of_ours_in_the_users_own_call_keeps_its_line(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "%%sample\nfrom dlmagic.errors import ModeError\nraise ModeError('no')"
    output = Output(loaded, capsys, cell)
    assert "----> 3 raise ModeError('no')" in output.text
