"""``%explain``, and the explanation under a traceback, in a shell."""

from __future__ import annotations

import contextlib
import linecache
import sys
import time
import weakref
from typing import Any

import pytest
import torch
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.tensors.explain import engine
from dlmagic.magics.tensors.explain.result import Explanation
from dlmagic.shell import extension

SETUP = "import torch\na, w = torch.ones(3, 4), torch.ones(5, 4)\ndef step(x):\n    return x @ w"


@pytest.fixture
def failing(loaded: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A shell with a function that fails, and what it displays."""
    found: list[Explanation] = []
    monkeypatch.setattr("dlmagic.magics.tensors.explain.magic.display", found.append)
    loaded.run_cell(SETUP)
    loaded.found = found
    return loaded


def test_the_explanation_follows_the_traceback_and_names_the_earlier_cell(failing: Any) -> None:
    failing.run_cell("step(a)")
    (explanation,) = failing.found
    finding = explanation.finding
    assert (finding.kind, finding.line, finding.source) == ("matmul-shapes", 4, "return x @ w")
    assert finding.cell
    assert finding.fix.code == "return x @ w.T"
    assert "x has 4 columns, w has 5 rows" in " ".join(repr(explanation).split())


def test_what_runs_is_not_commented_on(failing: Any) -> None:
    failing.run_cell("a @ w.T")
    failing.run_cell("1 / 0")
    failing.run_cell("raise KeyboardInterrupt")
    failing.run_cell("%explain --nothing")
    assert failing.found == []


@pytest.mark.parametrize(
    "text", ["step(a)  # dlmagic: ok", "%config DLMagic.explain_errors = False\nstep(a)"]
)
def test_it_can_be_silenced(failing: Any, text: str) -> None:
    failing.run_cell(text)
    assert failing.found == []


def test_it_is_shown_again_on_request(failing: Any) -> None:
    failing.run_cell("step(a)")
    again = failing.run_line_magic("explain", "")
    assert (again.finding, again.operands) == (failing.found[0].finding, failing.found[0].operands)
    failing.run_cell("try:\n    step(a)\nexcept RuntimeError as error:\n    kept = error")
    assert failing.run_line_magic("explain", "kept").finding.kind == "matmul-shapes"


def test_without_a_rule_it_says_so(failing: Any) -> None:
    failing.user_ns["error"] = ValueError("nothing special")
    found = failing.run_line_magic("explain", "error")
    assert found.finding is None
    assert "ValueError: nothing special" in repr(found)
    assert "no explanation for this error" in repr(found)


def test_slips_get_one_line(failing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="There is no nothing"):
        failing.run_line_magic("explain", "nothing")
    with pytest.raises(UsageError, match="no exception in a"):
        failing.run_line_magic("explain", "a")
    monkeypatch.delattr(sys, "last_value", raising=False)
    with pytest.raises(UsageError, match="No cell has failed yet"):
        failing.run_line_magic("explain", "")


def test_an_error_of_our_own_is_one_line_and_the_users_stays(
    failing: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(engine, "explain", broken)
    result = failing.run_cell("step(a)")
    assert isinstance(result.error_in_exec, RuntimeError)
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if "a fault of ours" in line]) == 1


def test_unloading_takes_the_event_away(shell: InteractiveShell) -> None:
    events: Any = shell.events
    before = list(events.callbacks["post_run_cell"])
    extension.load(shell)
    added = [each for each in events.callbacks["post_run_cell"] if each not in before]
    rooms = [type(each.__self__).__module__ for each in added]
    assert sum(room.startswith("dlmagic.magics.tensors.") for room in rooms) == 2
    extension.unload(shell)
    assert events.callbacks["post_run_cell"] == before


@pytest.mark.alone
def test_a_cell_that_runs_costs_next_to_nothing(failing: Any) -> None:
    event = failing.events.callbacks["post_run_cell"][-1]
    result = failing.run_cell("b = a + 1")
    start = time.perf_counter()
    for _ in range(100):
        event(result)
    assert (time.perf_counter() - start) / 100 < 1e-3


def test_nothing_lives_longer_for_it() -> None:
    died: list[str] = []

    def fail() -> None:
        hidden = torch.ones(7, 4)
        weakref.finalize(hidden, died.append, "hidden")
        hidden @ hidden

    with contextlib.suppress(RuntimeError):
        try:
            fail()
        except RuntimeError as error:
            assert engine.explain(error, lambda _file: "Cell") is not None  # noqa: PT017
            raise
    assert died == ["hidden"]


def test_a_cell_below_a_magic_is_explained(loaded: InteractiveShell, capsys) -> None:
    result = loaded.run_cell(
        "%%tensors\nimport torch\nw = torch.randn(5, 4)\nx = torch.randn(2, 3)\ny = x @ w.T"
    )
    assert isinstance(result.error_in_exec, RuntimeError)
    shown = " ".join(capsys.readouterr().out.split())
    assert "x has 3 columns, w.T has 4 rows" in shown
    assert "line 5: `y = x @ w.T`" in shown


@pytest.mark.parametrize(
    ("cell", "line", "code"),
    [
        ("%%time\na @ w", 1, "a @ w.T"),
        ("%time a @ w", 1, "a @ w.T"),
        ("%%time\nb = 2 * a\n\nc = b @ w\nc.sum()", 3, "c = b @ w.T"),
        ("%%time\nb = 2 * a\nb @ w", 2, "b @ w.T"),
        ("%%time\ndef inner(x):\n    return x @ w\ninner(a)", 2, "return x @ w.T"),
    ],
)
def test_code_under_time_is_explained(failing: Any, cell: str, line: int, code: str) -> None:
    failing.run_cell(cell)
    again = failing.run_line_magic("explain", "")
    for explanation in (failing.found[0], again):
        finding = explanation.finding
        assert (finding.cell, finding.line) == ("Code under %time", line)
        assert (finding.fix.code, finding.fix.status) == (code, "verified")
    assert not [file for file in linecache.cache if file.startswith("<timed")]


def test_a_function_of_an_earlier_timed_cell_is_not_looked_for_in_a_later_one(failing: Any) -> None:
    failing.run_cell("%%time\n\n\ndef early(x):\n    return x @ w\n1")
    failing.run_cell("%%time\nb = a.clone()\nb.sum() + early(b).sum()\n3 - 2")
    assert failing.found == []
