"""One training loop in every framework: the table of the README.

Runs the last comparison of the quickstart notebook, with the cells before it that it needs.
Run: ``python -m benchmarks.bench.frameworks [--write]``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.recording import record
from dlmagic.magics.bench.result import BenchResult

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "demo_notebooks" / "quickstart.ipynb"
HEADING = "## The same training loop"
SECONDS = 60
"""Measuring time; the notebook itself is content with fewer rounds."""
PACKAGES = ("tensorflow-cpu", "keras", "torch", "jax", "numba", "numpy")


def needed(notebook: NotebookNode) -> list[str]:
    """The code of the comparison, and of the cells that it builds on."""
    sources = [cell.source for cell in notebook.cells]
    start = next(k for k, text in enumerate(sources) if text.startswith(HEADING))
    code = [cell.cell_type == "code" for cell in notebook.cells]
    before = [text for text, is_code in zip(sources[:start], code, strict=False) if is_code]
    loaded = [text for text in before if not text.startswith("%%")]
    after = [text for text, is_code in zip(sources[start:], code[start:], strict=True) if is_code]
    end = next(k for k, text in enumerate(after) if text.startswith("%%dlbench"))
    return [*loaded, *after[: end + 1]]


def measured() -> BenchResult:
    """Run the comparison in a kernel of its own."""
    cells = needed(nbformat.read(NOTEBOOK, as_version=4))
    code = cells[-1].partition("\n")[2]
    cells[-1] = f"%%dlbench --time {SECONDS} -q -o result\n{code}"
    notebook = new_notebook(cells=list(map(new_code_cell, [*cells, "print(result.to_json())"])))
    NotebookClient(notebook, kernel_name="python3", timeout=600).execute()
    texts = [each.text for each in notebook.cells[-1].outputs if each.get("name") == "stdout"]
    return BenchResult.from_json("".join(texts))


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    result = measured()
    print(result)
    if options.write:
        record("frameworks", PACKAGES, {"result": json.loads(result.to_json())})


if __name__ == "__main__":
    main()
