"""Why a mode cannot run a cell, and at which line: in the cell, or in one that it calls."""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection, Iterator

from dlmagic.cell.function import CellFunction
from dlmagic.errors import DLMagicError
from dlmagic.finding import Finding
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.graphmode.other_cells import other_cells
from dlmagic.magics.graphmode.places import Place, Places

_IN_TEXT = re.compile(r'File "([^"\n]+)", line (\d+)')
_CHANGED = re.compile(
    r"^The cell (?:changes|appends to|puts what it computes into) (\w+)\S*(?: in place)?, which"
)
_TRAINING = re.compile(r"\.backward\(")


def failure_finding(
    error: BaseException, cell: CellFunction, framework: Framework, places: Places
) -> Finding:
    """What a graph raised where the cell as it is did not."""
    frame = _in_another_cell(error, cell, places)
    file = frame.file if frame else places.filename
    kind = "" if isinstance(error, DLMagicError) else f"{type(error).__name__}: "
    said = " ".join(f"{kind}{error}".split())
    reason, line = framework.explain_failure(error, file) or (said, None)
    place = places.of([frame]) if frame else _in_this_cell(error, reason, line, cell, places)
    return Finding(
        "unsupported", "error", reason, cell=place.cell, line=place.line, source=place.source
    )


def _in_this_cell(
    error: BaseException, reason: str, line: int | None, cell: CellFunction, places: Places
) -> Place:
    """The line that is told of, that of the traceback, or the first that names the culprit."""
    traced = cell.frame_of(error)
    number = line or (traced.tb_lineno if traced else None)
    if number is not None:
        return Place(None, number, cell.source.line(number).strip())
    nowhere, changed = Place(None, None, None), _CHANGED.search(reason)
    if changed:
        return places.naming(changed[1], nowhere)
    return places.naming("backward", nowhere) if _TRAINING.search(cell.source.text) else nowhere


def _in_another_cell(error: BaseException, cell: CellFunction, places: Places) -> Frame | None:
    """The innermost line of a function that the cell calls."""
    files = [other.file for other in other_cells(cell, places.name_of_cell)]
    return next(iter(reversed([*_frames(error, files)])), None)


def _frames(error: BaseException, files: Collection[str]) -> Iterator[Frame]:
    """Lines of some files in the traceback and, where code was rewritten, in the error's text."""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in files:
            yield Frame(frame.filename, frame.lineno or 0, frame.name)
    for name, number in _IN_TEXT.findall(str(error)):
        if name in files:
            yield Frame(name, int(number), "")
