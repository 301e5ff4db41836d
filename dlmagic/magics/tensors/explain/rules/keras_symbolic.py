"""A placeholder of Keras in a function that is not of Keras."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"KerasTensor (cannot be used as input|is symbolic)"),
    re.compile(r"Cannot convert a symbolic (Keras input/output|tf.Tensor)"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which argument is a placeholder, and the function of Keras that takes it."""
    call = called(failure.site)
    given = [*call.arguments, *call.keywords.values()] if call else []
    described = [(each, each.description) for each in given]
    found = [each for each, known in described if known and known.kind == "KerasTensor"]
    if call is None or not found:
        return None
    return Explained(
        kind="symbolic-input",
        message=f"{found[0].name} is a placeholder of Keras without numbers: only layers and "
        "keras.ops take it.",
        operands=tuple(found),
        candidates=tuple(_candidates(failure.site, call)),
    )


def _candidates(site: Site | None, call: Called) -> Iterator[Candidate]:
    name = call.name.removeprefix("reduce_")
    code = f"{module_name(site, 'keras', 'keras')}.ops.{name}"
    yield rewritten(site, f"Use {code}.", {call.node.func: code})
