"""A list of Python where an array is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from dlmagic.magics.tensors.explain.calls import called, module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"requires ndarray or scalar arguments, got <class '(list|tuple)'>"),
    re.compile(r"Unrecognized data type: x=|Failed to find data adapter that can handle input"),
    re.compile(r"Only input tensors may be passed as positional arguments"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which argument is a list, and the call with an array."""
    call = called(failure.site)
    given = [*call.arguments, *call.keywords.values()] if call else []
    lists = [each for each in given if _of_numbers(each.value)]
    if call is None or not lists:
        return None
    module = "jax.numpy" if "ndarray or scalar" in match[0] else "numpy"
    return Explained(
        kind="list-operand",
        message=f"{call.name} takes arrays, and {lists[0].name} is a "
        f"{type(lists[0].value).__name__}.",
        operands=tuple(lists),
        candidates=tuple(_candidates(failure.site, lists, module)),
    )


def _of_numbers(value: object) -> bool:
    """Whether it is a list or a tuple whose innermost elements are numbers."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
        if isinstance(value, int | float | np.number):
            return True
    return False


def _candidates(site: Site | None, lists: list[Operand], module: str) -> Iterator[Candidate]:
    name = module_name(site, module, "jnp" if module == "jax.numpy" else "np")
    changes = {each.node: f"{name}.array({each.name})" for each in lists if each.node}
    change = rewritten(site, "Make arrays of the lists.", changes)
    yield Candidate(change.text, change.code, change.check)
