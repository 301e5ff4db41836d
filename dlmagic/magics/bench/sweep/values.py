"""The values of a sweep, ``NAME=V,V,…``: read as literals, never run as code."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlmagic.errors import OptionError, with_article

_EXAMPLE = "Write it like this: --sweep n=64,256,1024."
_BLANKS = 'With blanks between them, put all in quotes: --sweep "n=64, 256".'


@dataclass(frozen=True)
class SweepValues:
    """A name and what it is bound to, one after the other.

    Attributes:
        name: The name.
        texts: The values as they were written.
        values: The values.
    """

    name: str
    texts: tuple[str, ...]
    values: tuple[object, ...]

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise OptionError(f"--sweep cannot bind {self.name!r}, which is not a name.", _EXAMPLE)
        if len(self.values) < 2:
            raise OptionError(
                f"A sweep needs two values or more, and {self.name} has"
                f" {f'only {self.texts[0]}' if self.texts else 'none'}.",
                _EXAMPLE,
            )
        self._refuse_repeats()
        self._refuse_mixtures()

    def _refuse_repeats(self) -> None:
        for place, value in enumerate(self.values):
            if any(_equal(value, earlier) for earlier in self.values[:place]):
                raise OptionError(
                    f"The sweep of {self.name} has the value {self.texts[place]} twice.",
                    "Name each value once.",
                )

    def _refuse_mixtures(self) -> None:
        first = self.values[0]
        for text, value in zip(self.texts, self.values, strict=True):
            if kind_of(value) != kind_of(first):
                raise OptionError(
                    f"The values of {self.name} must be of one type: {self.texts[0]} is"
                    f" {type_of(first)}, and {text} is {type_of(value)}."
                )


def read_sweep(text: str) -> SweepValues:
    """Read what stands after ``--sweep``.

    >>> read_sweep("n=64,256").values
    (64, 256)
    >>> read_sweep("shape=(1, 2),(3, 4)").values
    ((1, 2), (3, 4))

    Raises:
        OptionError: It is not of the form NAME=V,V; a value is no literal; there is one value
            only; a value appears twice; the values are of several types.
    """
    name, joined, rest = text.partition("=")
    if not joined:
        raise OptionError(f"--sweep takes NAME=VALUE,VALUE, not {text!r}.", _EXAMPLE)
    texts = _split(rest)
    if not all(texts):
        raise OptionError(
            f"--sweep {text} lacks a value beside a comma or the equals sign.", _BLANKS
        )
    return SweepValues(name.strip(), texts, tuple(map(_literal, texts)))


def sweep_of(mapping: Mapping[str, Sequence[object]]) -> SweepValues:
    """The same from ``{"n": [64, 256]}``, for the function form.

    Raises:
        OptionError: As :func:`read_sweep`, or there is not exactly one name.
    """
    if len(mapping) != 1:
        raise OptionError(
            f"A sweep binds one name, not {len(mapping)}.", 'Write: sweep={"n": [64, 256]}'
        )
    [(name, values)] = mapping.items()
    # An element of a NumPy array is a number all the same.
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    texts = tuple(map(repr, plain))
    return SweepValues(str(name), texts, tuple(map(_literal, texts)))


def kind_of(value: object) -> str:
    """The type that values must share; whole and other numbers go together."""
    if isinstance(value, int | float | complex) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def type_of(value: object) -> str:
    """The type of a value with its article: ``"an int"``."""
    return with_article(type(value).__name__)


def _equal(first: object, second: object) -> bool:
    return kind_of(first) == kind_of(second) and first == second


def _split(text: str) -> tuple[str, ...]:
    """The text at its commas, but for those in brackets and quotes."""
    text = text.strip()
    parts, begin, depth = [], 0, 0
    for token in _tokens(text):
        if token.type != tokenize.OP:
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string == "," and depth == 0:
            parts.append(text[begin : token.start[1]].strip())
            begin = token.end[1]
    return (*parts, text[begin:].strip())


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    tokens: list[tokenize.TokenInfo] = []
    try:
        tokens.extend(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        raise OptionError(
            f"{text} has a bracket or a quote that nothing closes.", _BLANKS
        ) from None
    return tokens


def _literal(text: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an unknown escape in a text
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        shown = text if len(text) <= 60 else text[:59] + "…"
        hint = f"Did you mean the string {shown!r}?" if text.isidentifier() else ""
        raise OptionError(
            f"{shown} is not a literal: the values of a sweep are numbers, strings in quotes, True,"
            " False, or tuples and lists of these.",
            hint,
        ) from None
