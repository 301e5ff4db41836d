"""``torch.tensor`` of texts, where it takes numbers."""

from __future__ import annotations

import re
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"too many dimensions 'str'"),
    re.compile(r"can't convert np\.ndarray of type numpy\.(str_|object_)"),
)
_LONGEST = 30
_MOST = 100_000


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What the texts are, and the numbers that stand for them."""
    site, call = failure.site, called(failure.site)
    given = call.argument(0, "data") if call is not None else None
    if site is None or call is None or given is None or failure.below:
        return None
    texts = _texts(given.value)
    if texts is None:
        return None
    return Explained(
        kind="tensor-of-texts",
        message=f"A tensor holds numbers, and {given.name} texts, such as {_short(texts[0])}.",
        operands=(given,),
        candidates=(_candidate(site, given, texts),),
    )


def _texts(value: Any) -> list[str] | None:
    """The texts in a flat list or array of them; None for all else."""
    if type(value).__name__ == "ndarray" and value.ndim == 1 and value.dtype.kind in "UO":
        value = value[:_MOST].tolist()
    if type(value) not in (list, tuple) or not value:
        return None
    return list(value) if all(isinstance(each, str) for each in value) else None


def _short(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _candidate(site: Site, given: Operand, texts: list[str]) -> Candidate:
    if told(lambda: [float(each) for each in texts]) is not None:
        code = f"[float(each) for each in {given.name}]"
        return Candidate(f"Read the numbers: {code}.", line_with(site, {given.node: code}))
    numpy = module_name(site, "numpy", "np")
    code = f"{numpy}.unique({given.name}, return_inverse=True)[1]"
    if len(set(texts)) == len(texts) > 2:  # not likely to be classes
        return Candidate(
            f"Make numbers of them first: a tokenizer does of sentences, and {code} numbers "
            "the names of classes."
        )
    line = line_with(site, {given.node: code}) if numpy in site.names else None
    return Candidate(f"Where they are names of classes, number these: {code}.", line)
