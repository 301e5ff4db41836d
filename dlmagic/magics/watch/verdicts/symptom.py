"""One layer with something wrong, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlmagic.finding import Level

Kind = Literal[
    "vanishing-gradient",
    "exploding-gradient",
    "dead-units",
    "saturation",
    "update-too-small",
    "update-too-large",
    "not-finite",
]


@dataclass(frozen=True)
class Symptom:
    """What one sample shows of one layer.

    Attributes:
        kind: Which verdict.
        level: How bad it is.
        layer: The layer's path; empty for the model itself.
        layer_kind: Its class.
        step: In which step it was seen.
        says: What is seen, with its value and the limit, after the words "At step 7, ".
        others: What is said of other layers with the same, such as "have such gradients, too".
        advice: What to try.
    """

    kind: Kind
    level: Level
    layer: str
    layer_kind: str
    step: int
    says: str
    others: str
    advice: str


def named(layer: str, kind: str) -> str:
    """A layer in a sentence: ``"encoder.0 (Linear)"``."""
    return f"{layer} ({kind})" if layer else f"the model itself ({kind})" if kind else "the model"
