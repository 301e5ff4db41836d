"""Inputs that are given as shapes: ``32,1,28,28``, ``(32, 784)`` or several of them."""

from __future__ import annotations

import operator
import re

from dlmagic.errors import InputError
from dlmagic.magics.watch.summary.request import ABSENT

Shape = tuple[int, ...]

_SHAPES = re.compile(r"^[-\d\s,()\[\]]+$")
_TIMES = re.compile(r"(?<=\d)\s*[x×]\s*(?=\d)")
_BETWEEN_SHAPES = re.compile(r"(?<=\d)\s+(?=[-\d])")
"""A space without a comma beside it; where there are commas, it stands between two shapes."""
_PART = re.compile(r"[(\[]([^()\[\]]*)[)\]]|([^()\[\]]+)")
"""What stands in brackets, or outside of them."""


def shapes_in_text(text: str) -> tuple[Shape, ...] | None:
    """The shapes that a text consists of; None where it is an expression.

    >>> shapes_in_text("32,1,28,28"), shapes_in_text("(32, 784) (32,)"), shapes_in_text("x")
    (((32, 1, 28, 28),), ((32, 784), (32,)), None)
    >>> shapes_in_text("32,10 32,5"), shapes_in_text("32 10")
    (((32, 10), (32, 5)), ((32, 10),))
    >>> shapes_in_text("32,10 (32, 5)")
    ((32, 10), (32, 5))
    """
    text = _TIMES.sub(",", text)
    if not _SHAPES.match(text) or not re.search(r"\d", text):
        return None
    groups = [group for part in _PART.finditer(text) for group in _groups_in(part)]
    return tuple(_shape(group, text) for group in groups)


def _groups_in(part: re.Match[str]) -> list[str]:
    """The texts of the shapes in a part."""
    if part[1] is not None:
        return [part[1]]
    bare = part[2].strip(" ,")
    if not bare:
        return []
    return _BETWEEN_SHAPES.split(bare) if "," in bare else [bare]


def _shape(text: str, whole: str) -> Shape:
    words = [size for size in re.split(r"[\s,]+", text.strip()) if size]
    try:
        sizes = tuple(map(int, words))
    except ValueError:
        raise InputError(f"{whole} is not a shape.", "Write one such as 32,1,28,28.") from None
    return _valid(sizes)


def shapes_in_value(value: object) -> tuple[Shape, ...] | None:
    """The shapes that a value consists of; None where it is an input itself.

    A tuple or list of whole numbers is a shape, one of those are several.
    """
    if value is ABSENT:
        return None
    if isinstance(value, str):
        return shapes_in_text(value)
    one = _as_shape(value)
    if one is not None:
        return (one,)
    if not isinstance(value, tuple | list) or not value:
        return None
    several = [_as_shape(each) for each in value]
    found = tuple(each for each in several if each is not None)
    return found if len(found) == len(several) else None


def _as_shape(value: object) -> Shape | None:
    if not isinstance(value, tuple | list) or not value:
        return None
    if not all(hasattr(size, "__index__") and not hasattr(size, "shape") for size in value):
        return None
    return _valid(tuple(operator.index(size) for size in value))


def _valid(shape: Shape) -> Shape:
    if any(size < 1 for size in shape):
        raise InputError(
            f"A shape has sizes above 0, not {', '.join(map(str, shape))}.",
            "Write one such as 32,1,28,28.",
        )
    return shape


def in_words(shape: tuple[object, ...]) -> str:
    """A shape as the table writes it.

    >>> in_words((32, 1, 28, 28)), in_words((None, 10)), in_words(())
    ('32×1×28×28', '?×10', 'a scalar')
    """
    return "×".join("?" if size is None else str(size) for size in shape) or "a scalar"
