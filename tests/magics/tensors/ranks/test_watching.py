"""``%%tensors --on``: a cell runs on all ranks, and mistakes carry the rank."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.source import CellSource
from dlmagic.errors import RankError
from dlmagic.finding import Finding
from dlmagic.magics.tensors.ranks.places import merged
from dlmagic.magics.tensors.ranks.watching import needed_names
from dlmagic.magics.tensors.silent.result import SilentMistakes

pytestmark = pytest.mark.xdist_group("cluster")

_STRETCHED = """
net = nn.Linear(3, 1)
x, y = torch.randn(8, 3), torch.randn(8)
loss = nn.functional.mse_loss(net(x), y)
"""
_ON_RANK_1 = """
net = nn.Linear(3, 1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
if rank == 1:
    y = y[:, 0]
loss = nn.functional.mse_loss(net(x), y)
print("trained on", rank)
float(rank)
"""


def test_the_same_mistake_on_all_ranks_is_one(notebook: InteractiveShell, engines) -> None:
    seen = notebook.run_cell_magic("tensors", "--on view", _STRETCHED)
    (mistake,) = seen.findings
    assert mistake.message.startswith("On all ranks: ")
    assert mistake.ranks == (0, 1)
    assert mistake.line == 5
    assert "mse_loss" in mistake.source
    assert [each.rank for each in seen.ranks] == [0, 1]
    assert all(each.operations for each in seen.ranks)
    assert "on each of 2 ranks" in repr(seen)
    assert SilentMistakes.from_json(seen.to_json()) == seen
    # What the cell assigns is in the engines' namespaces, and not here.
    engines.client[:].execute("assert isinstance(net, nn.Linear)", block=True)
    assert "net" not in notebook.user_ns


def test_a_mistake_of_one_rank_names_it(notebook: InteractiveShell, capsys) -> None:
    seen = notebook.run_cell_magic("tensors", "--on view", _ON_RANK_1)
    (mistake,) = seen.findings
    assert mistake.message.startswith("On rank 1: ")
    assert mistake.ranks == (1,)
    assert mistake.line == 7
    shown = capsys.readouterr().out
    assert "[rank 0] trained on 0\n[rank 1] trained on 1\n" in shown
    assert "[rank 0] 0.0\n[rank 1] 1.0\n" in shown


def test_a_cell_without_mistakes(notebook: InteractiveShell) -> None:
    seen = notebook.run_cell_magic("tensors", "--on view", "y = torch.ones(3) * 2\ny.sum()")
    assert not seen.findings
    assert "No mistake was seen." in repr(seen)


def test_an_error_is_explained_with_its_rank(notebook: InteractiveShell, capsys) -> None:
    cell = (
        "%%tensors --on view\n"
        "w = torch.randn(5, 4 if rank else 3)\n"
        "x = torch.randn(2, 3)\n"
        "print('before')\n"
        "y = x @ w.T"
    )
    result = notebook.run_cell(cell, store_history=True)
    error = result.error_in_exec
    assert isinstance(error, RankError)
    assert error.rank == 1
    shown = capsys.readouterr().out
    assert "y = x @ w.T" in shown  # the engine's own traceback
    assert "before" in shown
    found = notebook.run_line_magic("explain", "")
    assert found.finding.message.startswith("On rank 1: ")
    assert found.finding.line == 5
    assert found.finding.cell.startswith("Cell In[")
    assert found.finding.ranks == (1,)
    assert found.finding.message in " ".join(shown.split())
    assert {each.name for each in found.operands} >= {"x"}
    assert found.notes[0].startswith("x comes from Cell In[")


def test_names_of_the_notebook_are_not_there(notebook: InteractiveShell) -> None:
    notebook.user_ns["only_here"] = 3
    with pytest.raises(UsageError, match="%px only_here = 3"):
        notebook.run_cell_magic("tensors", "--on view", "y = torch.ones(only_here)")
    with pytest.raises(UsageError, match="--on is for %%tensors above a cell"):
        notebook.run_line_magic("tensors", "--on view")


def test_which_names_a_cell_needs() -> None:
    text = "a = b\na + c\ndef f(x):\n    return x + d + a\nfor i in e:\n    i\n"
    assert needed_names(CellSource.from_text(text)) == ["b", "c", "e", "d"]


def test_findings_are_merged_by_place() -> None:
    def finding(message: str, line: int) -> Finding:
        return Finding("loss", "warning", message, cell="<cell 1>", line=line)

    found = merged(
        [[finding("3 %", 4)], [finding("4 %", 4), finding("x", 2)], []], lambda _file: None
    )
    assert [each.message for each in found] == ["On rank 1: x", "On ranks 0 and 1: 3 %"]
    assert found[0].cell == "a cell of %%px"
