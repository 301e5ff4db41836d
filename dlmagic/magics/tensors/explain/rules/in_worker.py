"""An error in a worker of a ``DataLoader``, which comes as the text of another traceback."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.explain.sources import place_of

PATTERNS = (
    re.compile(
        r"^Caught (?P<kind>\w+) in DataLoader worker process (?P<worker>\d+)\..*"
        r"^(?P=kind): (?P<text>[^\n]*)",
        re.DOTALL | re.MULTILINE,
    ),
)
_STEP = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The user's own line in the worker, and what was raised there."""
    place, function = _innermost(failure, match.string)
    text = match["text"].strip().rstrip(".")
    where = f" in {function}" if place is not None else ""
    return Explained(
        kind="in-worker",
        message=f"Worker {match['worker']} of the DataLoader failed{where}: {text}.",
        candidates=(
            Candidate(
                "With num_workers=0 the same error comes here, and its values can be looked at.",
                None,
                None,
                place,
            ),
        ),
    )


def _innermost(failure: Failure, text: str) -> tuple[Place | None, str]:
    """The last step of the quoted traceback that is the user's own."""
    for step in reversed(list(_STEP.finditer(text))):
        cell = failure.name_of_cell(step["file"])
        if cell is not None:
            return place_of(cell, step["file"], int(step["line"])), step["function"]
    return None, ""
