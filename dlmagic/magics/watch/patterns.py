"""Which layers a pattern means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from dlmagic.errors import InputError, nearest
from dlmagic.magics.watch.watcher import Layer

_WILD = frozenset("*?[")
_LAST_PART = re.compile(r"(^|[./])[^./]*$")  # paths of PyTorch have dots, those of Keras slashes


def chosen(pattern: str, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Paths of the layers that a pattern means, in the model's order.

    A pattern is a list of words with commas: a path means the layer and all inside it, a class
    all layers of that class, and either may have ``*`` and ``?`` in it. What follows a ``!`` is
    left out. No pattern means every layer that computes something itself, that is, all but those
    that only hold others.

    Args:
        pattern: Such as ``"encoder.*, Linear, !*.dropout"``.
        layers: All that there are; none where they are known only when the model has run, and
            then all of them are meant.

    Raises:
        InputError: A word means no layer; names the nearest.
    """
    if not layers and not pattern:
        return ()
    words = [word.strip() for word in pattern.split(",") if word.strip()]
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:].strip() for word in words if word.startswith("!")]
    found = _meant(wanted, layers) if wanted else set(themselves(layers))
    found -= _meant(unwanted, layers)
    if not found:
        raise InputError(
            f"The pattern {pattern!r} leaves no layer over.", "Take a part that begins with ! away."
        )
    return tuple(layer.name for layer in layers if layer.name in found)


def themselves(layers: Sequence[Layer]) -> list[str]:
    """The layers that compute something themselves, or have or may get parameters of their own."""
    paths = [path for layer in layers for path in (layer.name, *layer.also)]
    holders = {_LAST_PART.sub("", path) for path in paths if path}
    return [
        layer.name
        for layer in layers
        if layer.parameters
        or layer.unbuilt
        or layer.loops
        or not holders.intersection((layer.name, *layer.also))
    ]


def _meant(words: Sequence[str], layers: Sequence[Layer]) -> set[str]:
    found: set[str] = set()
    for word in words:
        mine = {layer.name for layer in layers if _means(word, layer)}
        if not mine:
            raise InputError(f"No layer matches {word!r}.", _nearest(word, layers))
        found |= mine
    return found


def _means(word: str, layer: Layer) -> bool:
    if fnmatchcase(layer.kind, word):
        return True
    paths = (layer.name, *layer.also)
    if _WILD.isdisjoint(word):
        return any(path == word or path.startswith((f"{word}.", f"{word}/")) for path in paths)
    return any(fnmatchcase(path, word) for path in paths)


def _nearest(word: str, layers: Sequence[Layer]) -> str:
    """A sentence with the names that come nearest, of many a few."""
    names = [layer.name for layer in layers if layer.name]
    kinds = dict.fromkeys(layer.kind for layer in layers)
    offered = nearest(word, filter(None, [*names, *kinds]))
    if offered.startswith("Choose from") and len(names) > _MOST_OFFERED:
        shown = ", ".join([*names[: _MOST_OFFERED - 1], "…", names[-1]])
        return f"Its layers are: {shown}."
    return offered


_MOST_OFFERED = 12
