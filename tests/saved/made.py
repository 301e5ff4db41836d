"""The notebooks with their outputs, and the results in them as they are after being saved."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from dlmagic.display.parts import Document, Fold
from dlmagic.result import Result
from tests.saved.programs import KEEP, Cell

PACKAGE = Path(__file__).parents[2] / "dlmagic"


def homes() -> dict[str, str]:
    """The module of every type of result in the package, by the type's name."""
    bases = {node.name: (module, node.bases) for module, node in _classes()}
    known = {"Result"}
    while found := {name for name, (_, of) in bases.items() if known & set(_names(of))} - known:
        known |= found
    return {name: bases[name][0] for name in known - {"Result"}}


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield module, node


def _names(bases: Sequence[ast.expr]) -> Iterator[str]:
    for base in bases:
        yield getattr(base, "id", None) or getattr(base, "attr", "")


@dataclass(frozen=True)
class Saved:
    """A result that a cell has shown.

    Attributes:
        makes: Its type.
        result: What was read from the file that it was saved to.
        output: The cell's output, by MIME type.
    """

    makes: str
    result: Result
    output: Mapping[str, str]

    @property
    def document(self) -> Document:
        """What the result has to say."""
        made: Document = import_module(self.result.view).document(self.result)
        return made


def without_shortened_folds(document: Document) -> Document:
    """A document without folds for which a text says something else: the forms differ there."""
    parts = [each for each in document.parts if not (isinstance(each, Fold) and each.instead)]
    return Document(tuple(parts), document.limit)


def execute(cells: Sequence[Cell], folder: Path, environment: Mapping[str, str]) -> Any:
    """A notebook of these cells, executed in a folder, in which it saves its results."""
    notebook = new_notebook(cells=[new_code_cell(KEEP), *map(_written, cells)])
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **environment})
    return notebook


def _written(cell: Cell) -> Any:
    tags = ["raises-exception"] if cell.fails else []
    return new_code_cell(cell.code, metadata={"tags": tags})


def saved_in(folder: Path, cells: Sequence[Cell]) -> tuple[Any, list[Saved]]:
    """An executed notebook and the results in it."""
    notebook = nbformat.read(folder / "executed.ipynb", as_version=4)
    texts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    where = homes()
    found = []
    for about, cell in zip(cells, notebook.cells[1:], strict=True):
        if about.makes:
            kind: type[Result] = getattr(import_module(where[about.makes]), about.makes)
            result = kind.from_json(texts[str(cell.execution_count)])
            found.append(Saved(about.makes, result, shown_by(cell)))
    return notebook, found


def shown_by(cell: Any) -> Mapping[str, str]:
    """What a cell's result shows, by MIME type."""
    (shown,) = [each for each in cell.outputs if each.output_type == "execute_result"]
    found: Mapping[str, str] = shown.data
    return found
