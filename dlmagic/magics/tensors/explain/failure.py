"""An error as the rules see it: what it says, where it happened, what took part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from dlmagic.magics.tensors.explain.autograph import of_the_user, traced_site
from dlmagic.magics.tensors.explain.hostile import own_value, said
from dlmagic.magics.tensors.explain.sites import (
    LibraryFrame,
    NameOfCell,
    Site,
    library_frames,
    sites_of,
)

_MOST_CHARACTERS = 20_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LINES = re.DOTALL | re.MULTILINE
_WRAPPED = (
    re.compile(r"^Caught \w+ in DataLoader worker process.*?^(?P<inner>\w+Error: .*)\Z", _LINES),
    re.compile(r"got \w+\((?P<quote>['\"])(?P<inner>.*?)(?P=quote)\)", re.DOTALL),
    re.compile(r"^Exception encountered when calling .*?\n\n(?P<inner>.*?)\n\nArguments", _LINES),
)
"""How a DataLoader's worker, Dynamo and Keras quote an error within their own."""


@dataclass(frozen=True)
class Failure:
    """An error and where it came from.

    Attributes:
        error: What was raised.
        sites: The places of the user's own code that it passed through, the outermost first.
        below: The steps inside a library, below the innermost of them.
        name_of_cell: What the user calls the code of a file; None for code of others.
    """

    error: BaseException
    sites: tuple[Site, ...] = field(repr=False)
    below: tuple[LibraryFrame, ...] = field(repr=False)
    name_of_cell: NameOfCell = field(repr=False)

    @property
    def site(self) -> Site | None:
        """The innermost place of the user's own code."""
        return self.sites[-1] if self.sites else None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What the error says, then what errors quoted in it or behind it say."""
        return tuple(dict.fromkeys(_texts(self.error)))

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Where one of the texts matches, or None."""
        found = (pattern.search(text) for text in self.texts)
        return next((match for match in found if match), None)

    def inside(self, function: str, module: str = "") -> LibraryFrame | None:
        """The innermost library step in a function, of a module whose name ends so."""
        found = (
            each
            for each in reversed(self.below)
            if each.function == function and each.module.endswith(module)
        )
        return next(found, None)


def failure_of(error: BaseException, name_of_cell: NameOfCell) -> Failure:
    """What is known of an error."""
    traceback = own_value(error, "__traceback__")
    name_of_cell = of_the_user(name_of_cell)
    traced = traced_site(error, name_of_cell)
    return Failure(
        error,
        (*sites_of(traceback, name_of_cell), *([traced] if traced else [])),
        tuple(library_frames(traceback, name_of_cell)),
        name_of_cell,
    )


def errors_behind(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it was raised from or while they were handled."""
    seen: list[BaseException] = []
    waiting: BaseException | None = error
    while waiting is not None and not any(waiting is each for each in seen):
        seen.append(waiting)
        yield waiting
        cause, context = own_value(waiting, "__cause__"), own_value(waiting, "__context__")
        hidden = cause is not None or own_value(waiting, "__suppress_context__")
        waiting = cause if hidden else context


def _texts(error: BaseException) -> Iterator[str]:
    for each in errors_behind(error):
        text = _COLOURS.sub("", _said(each))
        yield text
        yield from _quoted(text)


def _said(error: BaseException) -> str:
    """What it says; of a very long text both ends, in which errors quote others."""
    text = said(error)
    half = _MOST_CHARACTERS // 2
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:half]}\n…\n{text[-half:]}"


def _quoted(text: str) -> Iterator[str]:
    for pattern in _WRAPPED:
        for match in pattern.finditer(text):
            yield match["inner"].replace("\\n", "\n")
