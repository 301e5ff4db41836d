"""The first notebook that a newcomer opens, executed as `make demo` does."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from demo_notebooks.run import write_html

MOST_BYTES = 50_000
ARMS = [
    {"eager", "compile"},
    {"eager", "compile", "trace", "script"},
    {"einsum", "bmm", "operator"},
    {"contiguous", "transposed"},
    {"keras-fit", "tensorflow-eager", "tensorflow-graph", "pytorch-eager", "pytorch-compile"}
    | {"jax-eager", "jax-jit", "numba"},
]


@pytest.fixture
def notebook(executed_quickstart: Any) -> Any:
    return executed_quickstart


def benchmarks(notebook: Any) -> list[Any]:
    """The cells that show the result of a benchmark."""
    cells = [cell for cell in notebook.cells if cell.source.startswith("%%dlbench")]
    return [cell for cell in cells if " -q" not in cell.source.partition("\n")[0]]


def shown(cell: Any, kind: str) -> str:
    (output,) = cell.outputs
    return str(output.data[kind])


def results(cell: Any) -> list[Any]:
    """What a cell shows, without what TensorFlow writes while it is loaded."""
    loads = "import tensorflow" in cell.source
    return [
        each for each in cell.get("outputs", []) if not (loads and each.get("name") == "stderr")
    ]


def arms(page: str) -> set[str]:
    """The arms in a result's table."""
    return {without_tags(head) for head in re.findall(r'<th scope="row">(.*?)</th>', page)}


def without_tags(page: str) -> str:
    return html.unescape(re.sub(r"<.*?>", "", page))


def test_each_benchmark_leaves_its_result_and_nothing_else(notebook: Any) -> None:
    for cell in benchmarks(notebook):
        (output,) = cell.outputs
        assert output.output_type == "execute_result"
        assert set(output.data) == {"text/plain", "text/html"}


def test_the_modes_and_alternatives_are_all_in_the_tables(notebook: Any) -> None:
    found = [arms(shown(cell, "text/html")) for cell in benchmarks(notebook)]
    assert found == ARMS


def test_every_arm_was_timed_and_every_answer_agrees(notebook: Any) -> None:
    for cell in benchmarks(notebook):
        text = shown(cell, "text/plain")
        for trouble in ("failed", "skipped", r"differs?\b", "Nothing was timed", "not compared"):
            assert not re.search(trouble, text)
        assert "answers agree" in " ".join(text.split())


def test_the_page_says_the_same_as_the_text(notebook: Any) -> None:
    for cell in benchmarks(notebook):
        page, text = shown(cell, "text/html"), " ".join(shown(cell, "text/plain").split())
        answers = re.findall(r'<p class="dlm-answer">(.*?)</p>', page)
        assert [without_tags(answer) in text for answer in answers] == [True]
        assert all(name in text for name in arms(page))
        assert '<img class="dlm-picture" src="data:image/svg+xml;base64,' in page


def test_results_are_small(notebook: Any) -> None:
    for cell in benchmarks(notebook):
        assert len(json.dumps(cell.outputs)) <= MOST_BYTES


def test_nothing_was_learned_and_the_result_was_kept(notebook: Any) -> None:
    values = {
        cell.source: cell.outputs[0].data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell not in benchmarks(notebook) and results(cell)
    }
    (loss, kept) = values.values()
    assert loss.endswith(", 0)")  # the optimiser has no state
    assert re.fullmatch(r"\(\d.*, \(.*\), '(faster|slower|same|unclear)'\)", kept)


def test_no_warnings_progress_or_widget_state_are_saved(notebook: Any) -> None:
    outputs = [each for cell in notebook.cells for each in results(cell)]
    assert {each.output_type for each in outputs} == {"execute_result"}
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)


def test_the_page_of_the_demo_holds_all_tables(notebook: Any, tmp_path: Path) -> None:
    write_html(notebook, tmp_path / "quickstart.html")
    page = (tmp_path / "quickstart.html").read_text(encoding="utf-8")
    assert page.count("<caption>") == len(ARMS)
