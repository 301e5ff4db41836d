"""The functions in marimo: a real notebook of it, run and exported, and the same as a script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dlmagic.display.parts import LIMIT
from tests.devices.conftest import libraries
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.display.reading import visible
from tests.docs.pages import DOCS, examples

__all__ = ["libraries"]

TWINS = Path(__file__).with_name("twins.py")
SHOWN = {
    "bench": "per call",
    "graphmode": "graph",
    "autograd": "loss comes from 4 leaves",
    "tensors": "1 entry",
    "gpus": "The GPU is free",
    "pick_gpus": "Picked GPU 0",
    "summary": "49 parameters",
    "watch": "3 steps",
}
"""What each cell shows, by its function."""
BUNDLE = "application/vnd.marimo+mimebundle"
OFFLINE = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(libraries: Libraries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs Python on a machine with a GPU and without a network; what it has written."""
    folder = tmp_path_factory.mktemp("marimo")
    machine = Machine(folder, [Board()])
    environment = {
        **machine.environment(libraries.of("580")),
        **OFFLINE,
        "DLMAGIC_LEASES": str(folder / "leases"),
        "OMP_NUM_THREADS": "1",
        "XDG_CONFIG_HOME": str(folder),  # no settings of whoever runs the tests
        "PYTHONPATH": os.pathsep.join(sys.path),
    }

    def run(*arguments: object) -> str:
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run
    machine.close()


def session_of(page: str) -> tuple[list[str], list[Any]]:
    """The names of an exported page's cells, and what they came to."""
    found = {}
    for name in ("notebook", "session"):
        begin = f'"{name}": {{"'
        after = page[page.index(begin) + len(f'"{name}": ') :]
        found[name], _ = json.JSONDecoder().raw_decode(after)
    cells = {cell["id"]: cell for cell in found["session"]["cells"]}
    listed = found["notebook"]["cells"]
    return [each["name"] for each in listed], [cells[each["id"]] for each in listed]


@pytest.fixture(scope="module")
def shown(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each cell of the notebook shows, by MIME type."""
    page = tmp_path_factory.mktemp("page") / "twins.html"
    run("-m", "marimo", "export", "html", TWINS, "-o", page)
    names, cells = session_of(page.read_text(encoding="utf-8"))
    assert not [cell["console"] for cell in cells if cell["console"]]
    return {
        name: cell["outputs"][0]["data"].get(BUNDLE, {})
        for name, cell in zip(names, cells, strict=True)
    }


def test_all_functions_are_there() -> None:
    import dlmagic

    functions = {name for name in dlmagic.__all__ if name.islower()}
    assert functions == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_each_function_shows_its_result(shown: dict[str, dict[str, str]], name: str) -> None:
    page = shown[name]["text/html"]
    assert SHOWN[name] in " ".join(visible(page).split())
    assert "could not be shown" not in page
    assert "<script" not in page
    assert len(page) < LIMIT


def test_the_notebook_runs_as_a_script(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    run("-m", "marimo", "export", "script", TWINS, "-o", script)
    with script.open("a", encoding="utf-8") as file:
        file.write("\nprint(session.result())\nprint(dlmagic.tensors('x'))\n")
    said = run(script)
    assert "3 steps of `net`" in said
    assert "1 entry" in said


def test_the_example_of_the_docs_runs_in_marimo(run: Run, tmp_path: Path) -> None:
    text = (DOCS / "editors.md").read_text(encoding="utf-8")
    first = text[: text.index("## marimo")].count("\n")
    last = first + text[text.index("## marimo") + 2 :].partition("\n## ")[0].count("\n")
    codes = [each.code for each in examples(DOCS / "editors.md") if first < each.line <= last + 1]
    assert codes
    cells = "".join(f"@app.cell\ndef _():\n{_indented(code)}\n    return\n\n" for code in codes)
    notebook = tmp_path / "example.py"
    notebook.write_text(f"import marimo\n\napp = marimo.App()\n\n{cells}")
    page = tmp_path / "example.html"
    run("-m", "marimo", "export", "html", notebook, "-o", page)
    _, results = session_of(page.read_text(encoding="utf-8"))
    assert "per call" in results[-1]["outputs"][0]["data"][BUNDLE]["text/html"]


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())
