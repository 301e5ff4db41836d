"""Notebooks that come with dlmagic, copied to where the user works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from dlmagic.errors import InputError, OptionError, nearest
from dlmagic.magics.overview.result import Demo, Demos

FOLDERS = tuple(Path(__file__).parents[level] / "demo_notebooks" for level in (2, 3))
"""Where the notebooks lie in an installed package, and in a checkout."""

FIRST = "quickstart"


def demos() -> Demos:
    """All there are."""
    return Demos(demos=tuple(Demo(file.stem, _title(file)) for file in _files()))


def copy_demo(name: str, folder: Path) -> Demos:
    """Copy a notebook into a folder; a file that is there is never written over.

    Args:
        name: Of the notebook, without its ending.
        folder: Where to.

    Raises:
        OptionError: There is no such notebook.
        InputError: The folder cannot be written to.
    """
    files = {file.stem: file for file in _files()}
    if name.removesuffix(".ipynb") not in files:
        raise OptionError(f"There is no demo notebook {name}.", nearest(name, files))
    source = files[name.removesuffix(".ipynb")]
    content = source.read_bytes()
    for target in _names(source, folder):
        if target.exists():
            if target.is_file() and target.read_bytes() == content:
                return Demos(copied=target.name, present=True)
            continue
        try:
            with target.open("xb") as file:
                file.write(content)
        except OSError as problem:
            raise InputError(
                f"{target.name} could not be written here: {problem.strerror}.",
                "Change to a folder of your own with %cd first.",
            ) from None
        return Demos(copied=target.name)
    raise AssertionError("there are names without end")


def _names(source: Path, folder: Path) -> Iterator[Path]:
    yield folder / source.name
    number = 2
    while True:
        yield folder / f"{source.stem}-{number}{source.suffix}"
        number += 1


def _files() -> list[Path]:
    """The notebooks, the one to begin with first."""
    folder = next((each for each in FOLDERS if each.is_dir()), FOLDERS[0])
    return sorted(folder.glob("*.ipynb"), key=lambda file: (file.stem != FIRST, file.stem))


def _title(file: Path) -> str:
    """The first heading of a notebook."""
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line.removeprefix("# ").strip()
    return file.stem
