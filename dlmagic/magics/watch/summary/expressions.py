"""``MODEL [INPUT]`` on a magic's line: two expressions beside each other, and the options."""

from __future__ import annotations

import ast
import re

from dlmagic.errors import InputError

_OPTION = re.compile(r"(?:^|(?<=\s))(?:--[A-Za-z]|-[hoq](?=\s|$|=))")
_OPENING, _CLOSING = "([{", ")]}"


def options_first(line: str) -> str:
    """The line with what stands before the first option behind the options' place.

    Returns:
        The part from the first option on, which may end with more of the expression; the part
        before it comes back by :func:`before_options`.
    """
    found = _OPTION.search(line)
    return line[found.start() :] if found else ""


def before_options(line: str) -> str:
    """What stands before the first option."""
    found = _OPTION.search(line)
    return (line[: found.start()] if found else line).strip()


def model_and_input(text: str) -> tuple[str, str]:
    """The first expression, which ends at a space outside of brackets, and all behind it.

    >>> model_and_input("models['a b'] (32, 784)")
    ("models['a b']", '(32, 784)')
    """
    depth, quote = 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char.isspace() and depth <= 0:
            return text[:place], text[place:].strip()
    return text, ""


def names_in(expression: str) -> tuple[str, ...]:
    """The names that an expression reads.

    Raises:
        InputError: It is no expression.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        raise InputError(
            f"{expression} is not a Python expression.",
            "Write %summary MODEL, or %summary MODEL INPUT, such as %summary model 32,1,28,28; "
            "between several inputs stands a comma: %summary model x, y.",
        ) from None
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in found))
