"""The words of a magic's line, and whatever follows them, untouched."""

from __future__ import annotations

import re

# Quotes hold a word together wherever in it they stand: n="a b" is one word. A quote
# that nothing closes is an ordinary character.
_WORD = re.compile(r"""(?: "[^"]*" | '[^']*' | \S )+""", re.VERBOSE)
_QUOTED = re.compile(r"""\A (["']) (.*) \1 \Z""", re.VERBOSE | re.DOTALL)


class Words:
    """Takes words from the front of a line."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._position = 0

    def peek(self) -> str:
        """The next word with its quotes, or an empty string at the end of the line."""
        word = _WORD.match(self.rest())
        return word.group() if word else ""

    def take(self) -> str:
        """The next word; it is gone from :meth:`rest` afterwards."""
        word = self.peek()
        self._position = len(self._line) - len(self.rest()) + len(word)
        return word

    def rest(self) -> str:
        """All that has not been taken, from its first word on, as it was written."""
        return self._line[self._position :].lstrip()


def without_quotes(word: str) -> str:
    """A value without the quotes around it; quotes inside it belong to it."""
    quoted = _QUOTED.match(word)
    if quoted and quoted.group(1) not in quoted.group(2):
        return quoted.group(2)
    return word
