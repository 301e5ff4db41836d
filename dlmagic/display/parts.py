"""The one form that all results take before they are text or HTML.

A view turns a result into a :class:`Document` and knows nothing of any medium; a
renderer turns a document into one medium and knows nothing of results. Parts are
frozen values, so that a test can compare them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "strong", "good", "bad", "muted", "code"]
"""How a piece of text is meant. A tone supports the words and never replaces them."""

LIMIT = 50_000
"""Bytes that a result may add to a notebook, unless its kind is allowed more."""

_HARMFUL_CATEGORIES = ("Cc", "Cs")  # control characters, halves of surrogate pairs
_TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Span:
    """A piece of text in one tone."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Sentence:
    """A line of words.

    Attributes:
        spans: Its pieces, which carry their own spaces.
        role: ``answer`` is what the reader came for, ``alert`` must not be overlooked,
            ``note`` is small print.
    """

    spans: tuple[Span, ...]
    role: Literal["answer", "alert", "plain", "note"] = "plain"


@dataclass(frozen=True)
class Column:
    """The head of a column; numbers are set to the right."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first of which names its row.

    Attributes:
        caption: What the table shows.
        columns: One per cell of a row.
        rows: The cells.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A drawing that supports the words beside it; media without pictures leave it out.

    Attributes:
        svg: A complete SVG document with a background of its own.
        alt: The same in one sentence.
        width: In CSS pixels.
        height: In CSS pixels.
    """

    svg: str
    alt: str
    width: int
    height: int

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class Notice:
    """Something that went wrong or may go wrong.

    Attributes:
        word: Its level in one word, such as ``"warning"`` or ``"failed"``.
        tone: ``bad`` where it is certain and harmful.
        spans: What it is.
        advice: What to do about it.
        code: What to write instead, or None.
    """

    word: str
    tone: Tone
    spans: tuple[Span, ...]
    advice: tuple[Span, ...] = ()
    code: str | None = None


@dataclass(frozen=True)
class Code:
    """Lines of source."""

    text: str


@dataclass(frozen=True)
class Fold:
    """Parts of lesser interest behind one line.

    Attributes:
        summary: The line.
        parts: What is behind it.
        instead: What media that cannot fold say in place of the parts; empty to show them all.
    """

    summary: str
    parts: tuple[Part, ...]
    instead: str = ""


Part = Sentence | Table | Picture | Notice | Code | Fold


@dataclass(frozen=True)
class Document:
    """All that a result has to say, the most important first.

    Attributes:
        parts: In order.
        limit: Bytes that it may add to a notebook; pictures are left out where it would be
            larger.
    """

    parts: tuple[Part, ...]
    limit: int = LIMIT


def sentence(
    *pieces: str | Span, role: Literal["answer", "alert", "plain", "note"] = "plain"
) -> Sentence:
    """A sentence of plain strings and spans."""
    return Sentence(spans(*pieces), role)


def spans(*pieces: str | Span) -> tuple[Span, ...]:
    """Spans of plain strings and spans; empty ones are left out."""
    made = (piece if isinstance(piece, Span) else Span(piece) for piece in pieces)
    return tuple(span for span in made if span.text)


def printable(text: str) -> str:
    r"""The text without characters that would act instead of being read.

    Escape sequences, nulls, lone surrogates and marks that turn the direction of the
    text are spelled out; lines and the tabs in them stay.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():  # nearly all are, and this is a hundred times quicker
        return text
    return "".join(_spelled_out(char) if _acts(char) else char for char in text)


def _acts(char: str) -> bool:
    if char in "\n\t":
        return False
    return char in _TURNERS or unicodedata.category(char) in _HARMFUL_CATEGORIES


def _spelled_out(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shorten(text: str, limit: int) -> str:
    """At most so many characters of a text, in one line; what is cut off leaves an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def abridge(name: str, limit: int) -> str:
    """At most so many characters of a name, from both ends: names often differ in the last.

    >>> abridge("a_long_name_of_a_block/compile", 20)
    'a_long_nam…k/compile'
    """
    line = " ".join(name.split())
    if len(line) <= limit:
        return line
    tail = limit // 2 - 1
    return f"{line[: limit - 1 - tail]}…{line[len(line) - tail :]}"
