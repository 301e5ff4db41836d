"""TAB after ``%dlbench`` completes its options and their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from IPython.core import completer
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell.options import arguments_of, looks_like_option
from dlmagic.shell.ownership import belongs_to_dlmagic
from dlmagic.shell.words import Words

_MAGIC_LINE = re.compile(r"\s*%%?(\w+)\s+(.*)", re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """What TAB offers.

    Attributes:
        typed: What stands before the cursor and is replaced.
        texts: What can stand there instead.
        only: Whether nothing else, such as a variable, can stand there.
    """

    typed: str = ""
    texts: tuple[str, ...] = ()
    only: bool = False


def install(shell: InteractiveShell) -> None:
    """Let TAB know the options of our magics; :func:`remove` undoes it."""
    if hasattr(completer, "context_matcher"):
        matcher = _matcher(shell)
    else:
        matcher = _matcher_before_ipython_8_6(shell)
    shell.Completer.custom_matchers.append(matcher)


def remove(shell: InteractiveShell) -> None:
    """Take our completion away."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [each for each in matchers if getattr(each, "__module__", "") != __name__]


def _matcher(shell: InteractiveShell) -> Any:
    @completer.context_matcher()  # type: ignore[untyped-decorator, unused-ignore]
    def dlmagic_options(context: Any) -> dict[str, Any]:
        offer = offer_for_line(shell, context.text_until_cursor)
        return {
            "completions": [completer.SimpleCompletion(text=text) for text in offer.texts],
            "matched_fragment": offer.typed,
            "suppress": offer.only,
        }

    return dlmagic_options


def _matcher_before_ipython_8_6(shell: InteractiveShell) -> Any:
    def dlmagic_options(fragment: str) -> list[str]:
        offer = offer_for_line(shell, shell.Completer.text_until_cursor)
        # Older versions replace their own idea of the last word, such as "max" of "a:max".
        kept = len(offer.typed) - len(fragment)
        return [text[kept:] for text in offer.texts] if kept >= 0 else []

    return dlmagic_options


def offer_for_line(shell: InteractiveShell, line: str) -> Offer:
    """What TAB offers at the end of this line; nothing unless it is a line of our magics."""
    match = _MAGIC_LINE.match(line)
    if match is None:
        return Offer()
    magic: Any = shell.find_line_magic(match.group(1)) or shell.find_cell_magic(match.group(1))
    if not belongs_to_dlmagic(magic) or not hasattr(magic, "parser"):
        return Offer()
    return offer_for_options(magic.parser, match.group(2))


def offer_for_options(parser: argparse.ArgumentParser, line: str) -> Offer:
    """What TAB offers at the end of a magic's line.

    Args:
        parser: The parser of the magic.
        line: What stands between the magic's name and the cursor.
    """
    actions = {name: action for action in parser._actions for name in action.option_strings}
    arguments = _Arguments(parser)
    words = Words(line)
    while word := words.take():
        option, joined, text = word.partition("=")
        at_end = not words.rest() and not line[-1:].isspace()
        if at_end and joined and option in actions:
            return _offer_values(actions[option], text)
        if at_end and word.startswith("-"):
            return _offer_options(actions, word)
        if not looks_like_option(word):
            if at_end or not arguments.take(word):
                return arguments.offer(word)  # or nothing, where an expression has begun
            continue
        if word in actions and actions[word].nargs != 0:
            value = words.take()
            if not words.rest() and not (value and line[-1:].isspace()):
                return _offer_values(actions[word], value)
    offered = arguments.offer("").texts + _offer_options(actions, "").texts
    return Offer("", offered)


class _Arguments:
    """The arguments of one word, as those before the cursor fill them.

    Args:
        parser: The parser of the magic.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._left: list[Any] = [each for each in arguments_of(parser) if each.nargs == "?"]
        self._before = ""

    def take(self, word: str) -> bool:
        """Fill the next one; False where there is none."""
        if not self._left:
            return False
        del self._left[0]
        self._before = word
        return True

    def offer(self, typed: str) -> Offer:
        """What can stand in the place of the next one."""
        if not self._left:
            return Offer()
        if self._left[0].after is None:
            return _offer_values(self._left[0], typed)
        possible = self._left[0].after.get(self._before, tuple)()
        texts = tuple(text for text in possible if text.startswith(typed))
        return Offer(typed, texts, only=bool(texts))


def _offer_options(actions: Iterable[str], typed: str) -> Offer:
    names = tuple(name for name in actions if name.startswith("--") and name.startswith(typed))
    return Offer(typed, names, only=bool(typed and names))


def _offer_values(action: Any, typed: str) -> Offer:
    separator = getattr(action, "separator", "")
    *before, last = typed.split(separator) if separator else [typed]
    values = getattr(action, "values", None) or (lambda: action.choices or ())
    texts = tuple(
        value for value in map(str, values()) if value.startswith(last) and value not in before
    )
    return Offer(last, texts, only=bool(texts))
