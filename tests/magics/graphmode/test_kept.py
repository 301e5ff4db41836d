"""What was compiled for a cell is used again only where it was made for what the cell reads."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest
import torch

tf = pytest.importorskip("tensorflow")

from dlmagic.cell.output import StreamOutput  # noqa: E402 - the framework first
from dlmagic.cell.source import CellSource  # noqa: E402
from dlmagic.magics.graphmode.engine import graphmode_cell  # noqa: E402
from dlmagic.magics.graphmode.kept import KeptGraphs  # noqa: E402
from dlmagic.magics.graphmode.request import Request, Surroundings  # noqa: E402
from dlmagic.magics.graphmode.result import GraphReport  # noqa: E402


def report(text: str, names: dict[str, Any], kept: KeptGraphs, mode: str = "graph") -> GraphReport:
    request = Request(CellSource.from_text(text), names, mode)
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


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("compile:eager", "y = x + 1\nif y.sum() > 0:\n    y = y * 2\nz = y - 1"),
        ("export", "y = x + 1"),
        ("trace", "y = x + n"),
        ("graph", "y = v + 1"),
        ("jit", "y = a + 1"),
    ],
)
def test_a_cell_that_is_run_again_has_the_same_report(mode: str, text: str) -> None:
    names: dict[str, Any] = {"x": torch.ones(3), "n": 2, "v": tf.Variable([1.0]), "a": jnp.ones(3)}
    kept = KeptGraphs()
    first, second, third = (report(text, names, kept, mode) for _ in range(3))
    for again in (second, third):
        assert (again.ran, again.breaks, again.recompiles) == (first.ran, first.breaks, 0)
        assert again.graphs == first.graphs
        assert again.findings == first.findings
        assert again.check.agrees is True


def defined(names: dict[str, Any], text: str, file: str) -> None:
    exec(compile(text, file, "exec"), names)


@pytest.mark.parametrize("mode", ["jit", "graph", "compile:eager", "trace"])
@pytest.mark.parametrize("between", ["", "def again(x):\n    return twice(x)"])
def test_a_graph_of_a_function_that_was_defined_anew_is_made_anew(mode: str, between: str) -> None:
    made = {"jit": jnp.ones, "graph": tf.ones}.get(mode, torch.ones)
    names: dict[str, Any] = {"__name__": "__main__", "x": made(3)}
    kept, cell = KeptGraphs(), "y = again(x)" if between else "y = twice(x)"
    defined(names, f"def twice(x):\n    return x * 2\n{between}", "first cell")
    report(cell, names, kept, mode)
    defined(names, "def twice(x):\n    return x * 3", "second cell")
    found = report(cell, names, kept, mode)
    assert (found.check.agrees, found.findings) == (True, ())


@pytest.mark.parametrize("decorator", [jax.jit, lambda function: function])
def test_the_lines_of_a_graph_are_those_of_the_function_that_is_called(decorator: Any) -> None:
    names: dict[str, Any] = {"__name__": "__main__", "x": jnp.ones(3), "decorator": decorator}
    text, kept = "@decorator\ndef twice(x):\n    return x * 2", KeptGraphs()
    files = ("first cell", "second cell")
    for file in files:
        defined(names, text, file)
        request = Request(CellSource.from_text("y = twice(x)"), names, "jit")
        known = Surroundings(StreamOutput(), kept=kept, name_of_cell=cell_named)
        found = graphmode_cell(request, known).report
        assert {node.cell for node in found.graphs[0].operations if node.op == "mul"} == {file}


def cell_named(file: str) -> str | None:
    return file if file.endswith(" cell") else None
