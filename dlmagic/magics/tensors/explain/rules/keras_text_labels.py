"""Labels that are words, where a loss of Keras computes with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.labels import Compared, compared
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Invalid dtype: (str|object)|Unrecognized data type: x="),
    re.compile(r"Cast string to float is not supported"),
)
_METHODS = ("fit", "evaluate", "train_on_batch", "test_on_batch")
_MOST = 1_000_000


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many words there are, and their numbers in the place of them."""
    call, found, site = called(failure.site), compared(failure), failure.site
    if call is None or found is None or site is None or call.name not in _METHODS:
        return None
    words = _words(found.labels.value)
    if words is None or keras_rules() is None:
        return None
    shown = ", ".join(repr(str(each)) for each in words[:2])
    more = ", …" if len(words) > 2 else ""
    return Explained(
        kind="text-labels",
        message=f"A loss compares numbers, and {found.labels.name} holds words: {shown}{more}.",
        operands=(found.labels,),
        candidates=tuple(_candidates(site, found, len(words))),
    )


def _words(labels: Any) -> Any:
    """The different words, where all labels are words; None for others."""
    if not isinstance(labels, np.ndarray | list | tuple) and not hasattr(labels, "to_numpy"):
        return None
    array: Any = told(lambda: np.asarray(labels))
    if array is None or not 0 < array.size <= _MOST or array.dtype.kind not in "UOT":
        return None
    if array.dtype.kind == "O" and not all(isinstance(each, str) for each in array.flat):
        return None
    return np.unique(array.astype(str))


def _candidates(site: Site, found: Compared, words: int) -> Iterator[Candidate]:
    text = "Number the words from 0, in the order of the alphabet."
    node, numpy = found.labels.node, module_name(site, "numpy", "np")
    if found.call.name not in ("fit", "train_on_batch"):
        yield Candidate("Turn the words into the numbers that they had in training.")
        return
    if node is None or "categorical" not in found.loss:
        yield Candidate("Turn the words into numbers, as np.unique with return_inverse does.")
        return
    code = f"{numpy}.unique({found.labels.name}, return_inverse=True)[1]"
    if found.is_categorical:
        utils = module_name(site, "keras", "keras")
        code = f"{utils}.utils.to_categorical({code}, {found.classes})"
    yield Candidate(text, line_with(site, {node: code}), lambda: _fit(found, words))


def _fit(found: Compared, words: int) -> Tried:
    """Whether the model has an output for each word."""
    return "failed" if found.classes is None or words > found.classes else "verified"
