"""Layers with something wrong, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dlmagic.display.units import listed
from dlmagic.finding import Level
from dlmagic.magics.watch.sample_result import Row

_NAMED = 3

Kind = Literal[
    "vanishing-gradient",
    "exploding-gradient",
    "constant-output",
    "dead-units",
    "saturation",
    "update-too-small",
    "update-too-large",
    "not-finite",
]


@dataclass(frozen=True)
class Symptom:
    """What one sample shows of some layers.

    Attributes:
        kind: Which verdict.
        level: How bad it is.
        layers: Their paths, of which an empty one is the model itself.
        step: In which step it was seen.
        says: Puts into words what is seen of the first of them, with its value and the limit,
            after the words "At step 7, "; asked only where that is news.
        advice: What to try.
        lasts: Whether it is told of each sample that shows it; other symptoms are told once.
    """

    kind: Kind
    level: Level
    layers: Sequence[str]
    step: int
    says: Callable[[], str]
    advice: str
    lasts: bool = False


def and_others(names: Sequence[str]) -> str:
    """A sentence on the layers that show the same as one that was named, with a space before it."""
    if not names:
        return ""
    show = "layer shows" if len(names) == 1 else "layers show"
    return f" {len(names)} more {show} it: {listed(names, most=_NAMED)}."


def named(row: Row) -> str:
    """A row's layer in a sentence: ``"encoder.0 (Linear)"``."""
    return named_layer(row.layer, row.kind)


def named_layer(layer: str, kind: str) -> str:
    """A layer in a sentence."""
    return f"{layer} ({kind})" if layer else f"the model itself ({kind})" if kind else "the model"
