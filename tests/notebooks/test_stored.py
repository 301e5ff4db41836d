"""Notebooks as they are stored: with output, without the machine, and not older than the code."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from demo_notebooks.keep import is_kept, kept, own_names
from tests.docs.pages import words
from tests.notebooks.prepared import FOLDER

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 1_000_000

OF_THE_MACHINE = re.compile(
    r"""(?x)
    (?<![\w.:/])/(?:home|root|tmp|work|Users|usr|opt|var|mnt|private|srv|lib)/
    | \b[A-Z]:\\\\ | ipykernel_\d | \bpid\b | [Pp]rocess\ \d | \bat\ 0x[0-9a-f]+
    | \b127\.0\.0\.1\b | absl:: | \bW0000\b | [Ww]arn(?:ing)?:\ .*(?:driver|CUDA)
    """
)
"""Folders, numbers of processes, addresses in memory, and what drivers say."""

TITLE = re.compile(r"<(caption|summary)\b.*?>(.*?)</\1>", re.DOTALL)
PICTURE = re.compile(r"data:image/svg\+xml;base64,([\w+/=]+)")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(notebook: Any) -> Iterator[str]:
    """All that a notebook shows, pictures too."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            text = json.dumps(output, ensure_ascii=False)
            yield text
            yield from (base64.b64decode(each).decode() for each in PICTURE.findall(text))


def titles(output: Any) -> list[str]:
    """Of a result its tables and folds, of an error its name; numbers are left out."""
    if output.output_type == "error":
        return [output.ename]
    page = output.get("data", {}).get("text/html", "")
    found = (re.sub(r"<.*?>", "", match[2]) for match in TITLE.finditer(page))
    return [words(html.unescape(each)) for each in found]


def shape(output: Any) -> tuple[str, ...]:
    """What kind of output it is, in which forms, under which titles."""
    return (output.output_type, *sorted(output.get("data", {})), *titles(output))


def test_it_is_small_valid_and_without_widgets(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widget" not in json.dumps(notebook.metadata)
    assert kept(notebook) == notebook, "python -m demo_notebooks.keep stores it anew"


def test_nothing_of_the_machine_is_in_it(path: Path) -> None:
    of_mine = [re.compile(name) for name in own_names()]
    for text in texts(nbformat.read(path, as_version=4)):
        for pattern in (OF_THE_MACHINE, *of_mine):
            found = pattern.search(text)
            assert not found, text[max(0, found.start() - 80) : found.end() + 40]


def test_all_cells_were_run_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [each.execution_count for each in cells] == list(range(1, len(cells) + 1))


def test_what_is_stored_is_what_the_code_shows_now(
    path: Path, execute: Callable[[Path], Any]
) -> None:
    stored = {cell.id: cell for cell in code_cells(nbformat.read(path, as_version=4))}
    now = {cell.id: cell for cell in code_cells(execute(path)) if cell.id in stored}
    assert list(now) == list(stored)
    for name, cell in now.items():
        shown = [shape(each) for each in cell.outputs if is_kept(each)]
        assert [shape(each) for each in stored[name].outputs] == shown, cell.source


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (
            "File /opt/env/lib/python3.11/site-packages/jax/x.py",
            "File site-packages/jax/x.py",
        ),
        ("File /usr/lib/python3.12/json/decoder.py:3", "File python3/json/decoder.py:3"),
        ("in /tmp/ipykernel_71/2064.py:1", "in the cell:1"),
        (f"{Path.home()}/data.csv", "~/data.csv"),
        ("a/b and 3 / 4 of ./data", "a/b and 3 / 4 of ./data"),
    ],
)
def test_folders_of_the_machine_are_replaced(said: str, stored: str) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text=said)])]
    )
    assert kept(notebook).cells[0].outputs[0].text == stored


def test_the_machine_would_be_noticed() -> None:
    for said in ("/home/anna/x.py", "ipykernel_12/3.py", "process 4711", "<Layer at 0x7fab>"):
        assert OF_THE_MACHINE.search(said)
    assert not OF_THE_MACHINE.search("GB/s, and/or, 3 /usr")
