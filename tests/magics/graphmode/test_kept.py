"""What was compiled for a cell is used again only where it was made for what the cell reads."""

from __future__ import annotations

from typing import Any

import pytest

tf = pytest.importorskip("tensorflow")

from dlmagic.cell.output import StreamOutput  # noqa: E402 - the framework first
from dlmagic.cell.source import CellSource  # noqa: E402
from dlmagic.magics.graphmode.engine import graphmode_cell  # noqa: E402
from dlmagic.magics.graphmode.kept import KeptGraphs  # noqa: E402
from dlmagic.magics.graphmode.request import Request, Surroundings  # noqa: E402
from dlmagic.magics.graphmode.result import GraphReport  # noqa: E402


def report(text: str, names: dict[str, Any], kept: KeptGraphs) -> GraphReport:
    request = Request(CellSource.from_text(text), names, mode="graph")
    return graphmode_cell(request, Surroundings(StreamOutput(), kept=kept)).report


@pytest.mark.parametrize("gone", [False, True])
def test_a_graph_of_a_variable_that_was_replaced_is_made_anew(gone: bool) -> None:
    names: dict[str, Any] = {"tf": tf, "v": tf.Variable([1.0, 2.0])}
    kept, before = KeptGraphs(), None if gone else names["v"]
    report("y = v * 2", names, kept)
    names["v"] = tf.Variable([5.0, 6.0])
    found = report("y = v * 2", names, kept)
    assert (found.check.agrees, found.check.gradients_agree, found.findings) == (True, True, ())
    assert before is None or before is not names["v"]


def test_a_graph_of_the_same_variable_is_not_traced_again() -> None:
    names: dict[str, Any] = {"tf": tf, "v": tf.Variable([1.0, 2.0])}
    kept = KeptGraphs()
    report("y = v * 2\nprint('traced')", names, kept)
    found = report("y = v * 2\nprint('traced')", names, kept)
    (finding,) = found.findings
    assert "is lost: the graph computes without it" in finding.message
