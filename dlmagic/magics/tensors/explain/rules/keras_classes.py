"""A class of Keras where an object of it is needed: ``keras.optimizers.Adam`` without brackets."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.classes import object_instead
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (
    re.compile(r"Could not interpret \w+( function)? identifier: <class 'keras\."),
    re.compile(r"Only instances of `?keras\.Layer`? can be added to a Sequential model.*<class"),
    re.compile(r"Callback\.set_\w+\(\) missing 1 required positional argument"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which argument is a class, and the line with an object of it."""
    return object_instead(failure, "class-for-object", "an object", _is_of_keras)


def _is_of_keras(kind: type) -> bool:
    return kind.__module__.startswith("keras.")
