"""A file that was saved on a device which is not here."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"Attempting to deserialize object on (a )?\S+ device"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The call that loads, with ``map_location``."""
    site = failure.site
    node = site.node if site else None
    torch: Any = sys.modules["torch"]
    if not isinstance(node, ast.Call) or any(k.arg == "map_location" for k in node.keywords):
        return None
    where = "cuda" if torch.cuda.is_available() else "cpu"
    new = f'{ast.unparse(node)[:-1]}, map_location="{where}")'
    return Explained(
        kind="map-location",
        message="The file holds tensors of a device that is not here.",
        candidates=(
            Candidate(f'Load them to here: map_location="{where}".', line_with(site, {node: new})),
        ),
    )
