"""Places without widgets: a notebook that is executed without a reader, a script, no anywidget."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from dlmagic.display.live.attention import LEFT, Attention
from dlmagic.display.live.surroundings import heeds_cells, in_notebook
from tests.display.live.test_attention import Clock
from tests.display.live.test_widget import END, SETUP, SHOW, TELL
from tests.shell.kernels import started_kernel


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    """A view that has ended, and one that has not."""
    sources = (SETUP, SHOW, TELL, END, SETUP, SHOW)
    notebook = new_notebook(cells=[new_code_cell(each) for each in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return notebook


def test_a_notebook_without_a_reader_keeps_the_static_form_alone(
    executed: nbformat.NotebookNode,
) -> None:
    (ended,), (running,) = executed.cells[1].outputs, executed.cells[5].outputs
    assert ended.data == {"text/plain": "the last", "text/html": "<p>the last</p>"}
    assert running.data == {"text/plain": "the first", "text/html": "<p>the first</p>"}
    assert "widgets" not in executed.metadata


def test_without_anywidget_the_static_form_is_refreshed() -> None:
    with started_kernel() as kernel:
        kernel.run("import sys; sys.modules['anywidget'] = None")
        kernel.run(SETUP)
        kernel.run(SHOW)
        kernel.run("outlet.tell(News({}, lambda: {'text/plain': 'the second'}))")
        assert kernel.text("update_display_data") == "the second"
        kernel.run(END)
        assert kernel.text("update_display_data") == "the last"


def test_a_script_is_a_cell_without_an_end() -> None:
    clock = Clock()
    attention = Attention(clock=clock)
    assert not in_notebook()
    forget = heeds_cells(attention)
    clock.now += 10 * LEFT
    assert attention.state() == "looked at"
    forget()


def test_anywidget_is_imported_when_a_page_is_to_show_it_only() -> None:
    code = (
        "import sys, dlmagic.display.live.surroundings, dlmagic.display.live.widget\n"
        "print([name for name in ('anywidget', 'ipywidgets', 'IPython') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
