"""A class of layers that does not begin with ``super().__init__()``."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sources import code_of, function_around

PATTERNS = (
    re.compile(r"cannot assign (module|parameters?|buffer) before Module\.__init__\(\) call"),
    re.compile(r"object has no attribute '_(modules|parameters|buffers)'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The first line of ``__init__``, with the call before it."""
    site = failure.site
    function = function_around(site) if site is not None else None
    if site is None or function is None or function.name != "__init__":
        return None
    owner = type(site.frame.f_locals.get("self")).__name__
    code = code_of(site.file, site.cell)
    place = code.place(function.body[0]) if code else site
    first: str | None = f"super().__init__()\n{place.source}"
    if place.line == function.lineno:
        own = ast.unparse(function.body[0])
        first = line_with(place, {function.body[0]: f"super().__init__(); {own}"})
    return Explained(
        kind="module-init",
        message=f"{owner}.__init__ makes a layer before it calls super().__init__().",
        candidates=(
            Candidate(
                "Call super().__init__() first.",
                first,
                None,
                place,
            ),
        ),
    )
