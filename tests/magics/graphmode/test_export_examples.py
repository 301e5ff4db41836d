"""The example programs that PyTorch ships for its export run clean where they are supported."""

from __future__ import annotations

import pytest
import torch
from torch._export.db.case import ExportCase, SupportLevel
from torch._export.db.examples import all_examples

import dlmagic

SUPPORTED = {
    name: case
    for name, case in all_examples().items()
    if case.support_level is SupportLevel.SUPPORTED
}


def cell_of(case: ExportCase) -> tuple[str, dict[str, object]]:
    """A cell that calls the example's model, and the notebook around it."""
    positional = {f"x{k}": value for k, value in enumerate(case.example_args)}
    given = [*positional, *(f"{name}={name}" for name in case.example_kwargs)]
    names = {"model": case.model, "torch": torch, **positional, **case.example_kwargs}
    return f"y = model({', '.join(given)})", names


def test_there_are_examples() -> None:
    assert len(SUPPORTED) > 25


@pytest.mark.filterwarnings("ignore::UserWarning")  # about what the examples show
@pytest.mark.parametrize("name", SUPPORTED)
def test_a_supported_example_runs_clean(name: str) -> None:
    text, names = cell_of(SUPPORTED[name])
    report = dlmagic.graphmode(text, namespace=names, mode="export")
    assert not report.findings
    assert report.ran == "graph" or report.reason == "there is nothing in it for a graph to compute"
    # Which numbers are drawn is each mode's own affair; those cells say so.
    assert report.check.agrees is True or "random numbers" in report.check.reason
    assert report.runs <= 6


@pytest.mark.parametrize("text", ["y = model(xs)", "y = [model(xs)]\nz = {'both': (y[0], n)}"])
@pytest.mark.parametrize("mode", ["export", "trace"])
def test_tensors_in_lists_and_dictionaries_go_in_and_out(text: str, mode: str) -> None:
    names = {"model": lambda xs: xs["a"] + xs["b"][0], "n": 3}
    names["xs"] = {"a": torch.ones(3), "b": [torch.arange(3.0), "text"]}
    report = dlmagic.graphmode(text, namespace=names, mode=mode)
    assert report.ran == "graph"
    assert report.check.agrees is True
    assert not report.findings
    inputs = [node.name for node in report.graphs[0].nodes if node.op == "input"]
    assert inputs == ["xs['a']", "xs['b'][0]"]
    assert torch.equal(torch.stack([*names["y"]]).flatten(), torch.tensor([1.0, 2, 3]))
