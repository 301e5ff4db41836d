"""What the README shows is what was measured."""

from __future__ import annotations

import json

import nbformat

from benchmarks.bench.frameworks import NOTEBOOK, needed
from benchmarks.tables.places import RESULTS
from dlmagic.magics.bench.result import BenchResult


def test_all_frameworks_ran_and_agreed() -> None:
    recorded = json.loads((RESULTS / "frameworks.json").read_text(encoding="utf-8"))
    result = BenchResult.from_dict(recorded["result"])
    assert all(arm.status == "ok" for arm in result.arms)
    assert all(arm.agrees is True for arm in result.arms if arm.name != result.reference)


def test_it_was_measured_with_the_cell_that_the_notebook_shows() -> None:
    recorded = json.loads((RESULTS / "frameworks.json").read_text(encoding="utf-8"))
    cell = needed(nbformat.read(NOTEBOOK, as_version=4))[-1]
    measured = recorded["result"]["cell"]
    assert measured.splitlines()[1:] == cell.splitlines()[1:]
