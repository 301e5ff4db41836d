"""The magics in a shell: options, what is shown, what stays."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.graphmode.autograd.result import AutogradGraph
from dlmagic.magics.graphmode.result import GraphReport
from dlmagic.shell import extension
from dlmagic.shell.cells import name_of_cell


@pytest.fixture(autouse=True)
def names(loaded: InteractiveShell) -> None:
    loaded.user_ns.update(torch=torch, x=torch.ones(3), n=2)


def run(shell: InteractiveShell, cell: str) -> Any:
    result = shell.run_cell(cell)
    result.raise_error()
    return result.result


def test_the_report_is_the_value_and_names_stay(loaded: InteractiveShell) -> None:
    report = run(loaded, "%%graphmode -m compile:eager\ny = x * n\nz = y + 1")
    assert isinstance(report, GraphReport)
    assert report.check.agrees is True
    assert loaded.user_ns["z"].tolist() == [3, 3, 3]
    assert [node.line for node in report.graphs[0].operations] == [2, 3]


def test_the_cells_own_value_is_shown_before_the_report(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    run(loaded, "%%graphmode -m compile:eager\ny = x * n\ny.sum()")
    out = capsys.readouterr().out
    assert out.index("tensor(6.)") < out.index("1 graph")
    run(loaded, "%%graphmode -m compile:eager\ny.sum();")
    assert "tensor" not in capsys.readouterr().out.partition("operation")[0]


def test_a_report_is_stored_and_kept_quiet(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(loaded, "%%graphmode -q -o r -m compile:eager\ny = x + 1") is None
    assert isinstance(loaded.user_ns["r"], GraphReport)
    assert "graph" not in capsys.readouterr().out


@pytest.mark.parametrize("line", ["print(y.sum())", "k = y.sum().item()", "k = float(y.sum())"])
def test_a_second_run_of_the_cell_says_the_same(loaded: InteractiveShell, line: str) -> None:
    cell = f"%%graphmode -m compile:eager\ny = x * n\n{line}\nz = y + 1"
    first, again = (loaded.run_cell(cell, store_history=True).result for _ in range(2))
    assert again.findings == first.findings
    assert [(each.line, each.fix.status) for each in again.findings] == [(3, "verified")]
    assert again.graphs == first.graphs


def test_a_second_run_of_the_cell_knows_the_first(loaded: InteractiveShell) -> None:
    cell = "%%graphmode -m compile:eager\ny = x * 3"
    first, again = run(loaded, cell), run(loaded, cell)
    assert again.graphs == first.graphs
    assert (len(again.graphs), again.recompiles) == (1, 0)
    loaded.user_ns["x"] = torch.ones(5)
    report = run(loaded, cell)
    assert report.recompiles == 1
    assert report.findings[0].source == "y = x * 3"
    extension.unload(loaded)
    extension.load(loaded)
    assert len(run(loaded, cell).graphs) == 1


def test_a_helper_of_another_cell_is_named_by_it(loaded: InteractiveShell) -> None:
    loaded.run_cell("a = 1", store_history=True)
    helper = "def helper(v):\n    if v.sum() > 0:\n        return v + 1\n    return v - 1"
    loaded.run_cell(helper, store_history=True)
    report = run(loaded, "%%graphmode -m compile:eager\ny = helper(x)")
    (finding,) = report.findings
    assert finding.line == 2
    assert finding.cell is not None
    assert finding.cell.startswith(("Cell In[", "another cell"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--mode nothing", "There is no graph mode nothing"),
        ("-m jit", "Mode jit is for JAX"),
        ("--calls m=1,2", "which the cell does not read"),
        ("--calls 3", "names no variable"),
        ("--strickt", "--strict"),
    ],
)
def test_a_slip_is_one_line_and_nothing_runs(
    loaded: InteractiveShell, line: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        run(loaded, f"%%graphmode {line}\ny = x * n")
    assert "y" not in loaded.user_ns


def test_autograd_over_a_cell_and_by_name(loaded: InteractiveShell) -> None:
    run(loaded, "a = torch.tensor(2.0, requires_grad=True)\nb = torch.tensor(3.0)")
    graph = run(loaded, "%%autograd\nf = a * (a + b)")
    assert isinstance(graph, AutogradGraph)
    assert graph["Mul"].line == 2
    assert run(loaded, "%autograd f").target == "f"
    with pytest.raises(UsageError, match="b has no graph"):
        run(loaded, "%autograd b")
    with pytest.raises(UsageError, match="There is no g"):
        run(loaded, "%autograd g")
    with pytest.raises(UsageError, match="needs the name of a tensor"):
        run(loaded, "%autograd")
    with pytest.raises(UsageError, match="has no use for"):
        run(loaded, "%%autograd f\nf * 2")


@pytest.mark.parametrize(
    ("framework", "made", "call"),
    [
        ("tensorflow as tf", "tf.Variable", "helper(w)"),
        ("jax", "jax.numpy.float32", "helper(w)"),
        ("jax", "jax.numpy.float32", "jax.grad(helper)(w)"),
    ],
)
def test_autograd_of_other_frameworks_names_lines_of_other_cells(
    loaded: InteractiveShell, framework: str, made: str, call: str
) -> None:
    run(loaded, f"import {framework}\nw = {made}(2.0)\ndef helper(v):\n    return v * v")
    cell = loaded.user_ns["helper"].__code__.co_filename
    graph = run(loaded, f"%%autograd\n\ny = {call}\ny")
    (step,) = (node for node in graph.nodes if node.op != "leaf")
    assert (step.line, step.cell) == (4, name_of_cell(loaded, cell))
    assert graph["w"].gradient.values == "4"
    with pytest.raises(UsageError, match=r"y is an? .* which keeps no graph"):
        run(loaded, "%autograd y")


def test_unloading_leaves_no_magic(loaded: InteractiveShell) -> None:
    extension.unload(loaded)
    for kind in ("line", "cell"):
        assert {"graphmode", "autograd"}.isdisjoint(loaded.magics_manager.magics[kind])


def test_a_function_of_another_cell_is_mended_and_the_fix_names_that_cell(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    helper = "def helper(v):\n    if v.sum() > 0:\n        return v * n\n    return v"
    run(loaded, f"# A helper\n\n{helper}")
    report = run(loaded, "%%graphmode -m compile:eager\ny = helper(x)")
    (finding,) = report.findings
    assert (finding.cell, finding.line) == ("Cell In[1]", 4)
    assert finding.fix is not None
    assert finding.fix.status == "verified"
    shown = " ".join(capsys.readouterr().out.split())
    assert "Cell In[1], line 4: `if v.sum() > 0:`" in shown
    assert "return torch.where(v.sum() > 0, v * n, v)" in shown
    assert loaded.user_ns["helper"](torch.full((2,), -1.0)).tolist() == [-1, -1]
