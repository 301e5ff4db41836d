"""Run a notebook in a real kernel and show its results in the terminal.

    python demo_notebooks/run.py demo_notebooks/quickstart.ipynb --html build/quickstart.html

Headings and results appear as their cells finish. A cell that fails ends the run with
its traceback and exit status 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode

CELL_SECONDS = 600
"""A cell that takes longer has gone wrong."""


class Report:
    """Prints a notebook from top to bottom while its cells finish."""

    def __init__(self, notebook: NotebookNode) -> None:
        self.cells = notebook.cells
        self.printed = 0

    def print_until(self, end: int) -> None:
        """Print the cells before this index that have not been printed yet."""
        for cell in self.cells[self.printed : end]:
            lines = outputs(cell) if cell.cell_type == "code" else headings(cell.source)
            for text in lines:
                print(text, flush=True)
        self.printed = max(end, self.printed)

    def on_cell_executed(self, cell_index: int, **_others: object) -> None:
        """Called by nbclient after each code cell."""
        self.print_until(cell_index + 1)


def headings(markdown: str) -> list[str]:
    """The headings of a text cell, underlined."""
    titles = [line.lstrip("# ") for line in markdown.splitlines() if line.startswith("#")]
    return [f"\n{title}\n{'-' * len(title)}\n" for title in titles]


def outputs(cell: NotebookNode) -> list[str]:
    """What a code cell showed, as text."""
    texts = [each.get("text") or each.get("data", {}).get("text/plain") for each in cell.outputs]
    return [text.rstrip("\n") + "\n" for text in texts if text]


def run(path: Path) -> NotebookNode:
    """Execute a notebook beside its own files and print its results.

    Raises:
        CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    report = Report(notebook)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=report.on_cell_executed,
    )
    client.execute()
    report.print_until(len(notebook.cells))
    return notebook


def write_html(notebook: NotebookNode, path: Path) -> None:
    """Write the executed notebook as one page."""
    page, _ = HTMLExporter().from_notebook_node(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def main() -> int:
    """Read the command line, run the notebook, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the notebook as a page")
    options = parser.parse_args()
    try:
        notebook = run(options.notebook)
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    if options.html:
        write_html(notebook, options.html)
        print(f"The notebook with its results: {options.html.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
