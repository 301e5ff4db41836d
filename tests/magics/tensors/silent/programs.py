"""Reads the corpus: cells with a mistake that raises nothing, their twins, and cells like them.

A file of the folder ``corpus`` is named after a kind of mistake and consists of cells in the
percent format. ``# %% mistake: …`` has ``# <- here`` at the line that must be named; ``# %% right``
follows it, the same program without the mistake. ``# %% clean: …`` looks like the mistake and is
none. ``# %% setup`` runs ahead of the cells below it, after what all files share; ``# %% setup
alone`` runs without that.

A kind may have several files: the kind is what stands before the first dot of the name, as in
``first-nan.jax.cells``, and what follows is the framework that the file needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
SETUP = (FOLDER / "setup.cells").read_text()
_CELL = re.compile(r"^# %% (mistake|right|clean|setup alone|setup)(?:: (.+))?$\n", re.MULTILINE)
_HERE = "  # <- here"


@dataclass(frozen=True)
class Program:
    """A cell with a mistake.

    Attributes:
        kind: The mistake's kind.
        title: What the program does.
        line: The line that must be named.
        text: The cell.
        twin: The same program without the mistake.
        setup: What runs ahead of it.
        framework: What must be installed beside PyTorch; empty for nothing.
    """

    kind: str
    title: str
    line: int
    text: str
    twin: str
    setup: str
    framework: str = ""


@dataclass(frozen=True)
class Clean:
    """A cell that looks like a mistake and is none.

    Attributes:
        kind: The mistake's kind.
        title: What the program does.
        text: The cell.
        setup: What runs ahead of it.
        framework: What must be installed beside PyTorch; empty for nothing.
    """

    kind: str
    title: str
    text: str
    setup: str
    framework: str = ""


@cache
def kinds() -> tuple[str, ...]:
    """All kinds of mistakes that have a file."""
    return tuple(dict.fromkeys(path.name.partition(".")[0] for path in _files()))


@cache
def programs() -> tuple[Program, ...]:
    """All cells with a mistake."""
    return tuple(each for each in _cells() if isinstance(each, Program))


@cache
def clean_cells() -> tuple[Clean, ...]:
    """All cells without one, besides the twins."""
    return tuple(each for each in _cells() if isinstance(each, Clean))


def _files() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.cells") if path.stem != "setup")


@cache
def _cells() -> tuple[Program | Clean, ...]:
    return tuple(each for path in _files() for each in _read(path.stem, path.read_text()))


def _read(name: str, text: str) -> Iterator[Program | Clean]:
    """Raises ValueError where a mistake has no twin, no title or not one marked line."""
    setup = SETUP
    kind, _, framework = name.partition(".")
    head, *pieces = _CELL.split(text)
    if head.strip():
        raise ValueError(f"{name}: {head!r} stands before the first cell")
    cells = list(
        zip(pieces[::3], pieces[1::3], (each.strip() for each in pieces[2::3]), strict=True)
    )
    for (what, title, cell), following in zip(cells, [*cells[1:], ("", "", "")], strict=True):
        if what.startswith("setup"):
            setup = cell if what == "setup alone" else f"{SETUP}\n{cell}"
        elif what == "clean":
            yield Clean(kind, title, cell, setup, framework)
        elif what == "mistake":
            marked = [n for n, line in enumerate(cell.split("\n"), 1) if line.endswith(_HERE)]
            if following[0] != "right" or len(marked) != 1 or not title:
                raise ValueError(f"{name}: {title!r} needs a twin and one line marked{_HERE}")
            plain = cell.replace(_HERE, "")
            yield Program(kind, title, marked[0], plain, following[2], setup, framework)
