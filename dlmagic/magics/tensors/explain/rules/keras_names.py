"""A loss, an optimizer, a metric or an activation of Keras by a name that it does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import get_close_matches

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import calls_of, edited_lines, keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(
        r"Could not interpret (?P<kind>optimizer|loss|metric|activation function|initializer) "
        r"identifier: (?P<name>\w+)\s*$"
    ),
)
_ALIKE = 0.7
_LONGER = 2
"""By so many letters; ``cross_entropy`` alone may be meant for any of several losses."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The name that was meant, where one is much alike."""
    call, known, site = called(failure.site), keras_rules(), failure.site
    if call is None or known is None or site is None:
        return None
    kind, name = match["kind"].partition(" ")[0], match["name"]
    known_names = [each for each in known.names_of(kind) if abs(len(each) - len(name)) <= _LONGER]
    alike = get_close_matches(name, known_names, 1, _ALIKE)
    here = [each for each in ast.walk(call.node) if getattr(each, "value", None) == name]
    written = [each for each in here if isinstance(each, ast.Constant)]
    if not alike or (not written and call.owner is None):
        return None
    return Explained(
        kind="unknown-name",
        message=f'Keras has no {kind} of the name "{name}"; "{alike[0]}" is much like it.',
        candidates=tuple(_renamed(site, written, name, alike[0])),
    )


def _renamed(site: Site, here: list[ast.Constant], name: str, new: str) -> Iterator[Candidate]:
    """The name in the call that failed, or in that of ``compile``: Keras reads it later."""
    text, code = f'Write "{new}".', f'"{new}"'
    if len(here) == 1:
        yield Candidate(text, line_with(site, {here[0]: code}))
        return
    compiled = (
        (node, code)
        for call in calls_of(site, "compile")
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and node.value == name
    )
    yield from edited_lines(site, compiled, text)
