"""What the README shows is what was measured."""

from __future__ import annotations

import json

import nbformat

from benchmarks.bench.frameworks import NAME, NOTEBOOK, README, needed
from benchmarks.recording import RESULTS, with_text
from dlmagic.magics.bench.result import BenchResult


def test_the_table_of_all_frameworks_is_the_measured_one() -> None:
    recorded = json.loads((RESULTS / "frameworks.json").read_text(encoding="utf-8"))
    result = BenchResult.from_dict(recorded["result"])
    readme = README.read_text(encoding="utf-8")
    assert with_text(readme, NAME, result.to_markdown()) == readme
    assert all(arm.status == "ok" for arm in result.arms)
    assert all(arm.agrees is True for arm in result.arms if arm.name != result.reference)


def test_it_was_measured_with_the_cell_that_the_notebook_shows() -> None:
    recorded = json.loads((RESULTS / "frameworks.json").read_text(encoding="utf-8"))
    cell = needed(nbformat.read(NOTEBOOK, as_version=4))[-1]
    measured = recorded["result"]["cell"]
    assert measured.splitlines()[1:] == cell.splitlines()[1:]
