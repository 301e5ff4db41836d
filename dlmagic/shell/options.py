"""Options of magics: declared with help, read from the line, explained when wrong.

A magic declares its options with decorators, the outermost one first::

    @magic_options(examples=("%dlbench torch.mm(a, b)", "%%dlbench --time 2"))
    @option("-t", "--time", type=positive_number, metavar="SECONDS", help="measuring budget")
    @result_options
    @line_magic
    def dlbench(self, line):
        options = parse(self.dlbench, line)

They rest on IPython's ``magic_arguments``, so ``%dlbench?`` shows them. The line is
read by :func:`parse`, because argparse would take an expression apart: it knows no
"the rest of the line, as it is".
"""

from __future__ import annotations

import argparse
import keyword
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from IPython.core.magic_arguments import argument, kwds, magic_arguments

from dlmagic.display.units import listed
from dlmagic.errors import OptionError, nearest
from dlmagic.shell.words import Words, without_quotes

Magic = TypeVar("Magic", bound=Callable[..., Any])
Values = Callable[[], Iterable[str]]

HELP = ("-h", "--help")


class option(argument):  # noqa: N801 - a decorator, as its base is
    """Declare one option; arguments as for ``argparse.ArgumentParser.add_argument``.

    Args:
        values: Called when TAB is pressed after the option; returns what can be written there.
        separator: What separates the parts of the value, such as ``","``; each completes by
            itself.
        after: For an argument: what can be written there, by the argument before it; called when
            TAB is pressed.
    """

    def __init__(
        self,
        *names: str,
        values: Values | None = None,
        separator: str = "",
        after: Mapping[str, Values] | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(*names, **keywords)  # type: ignore[no-untyped-call]
        self.values = values
        self.separator = separator
        self.after = after

    def add_to_parser(
        self, parser: argparse.ArgumentParser, group: argparse._ArgumentGroup | None
    ) -> None:
        """Called by ``magic_arguments``; leaves on the action what completion needs."""
        action: Any = (group or parser).add_argument(*self.args, **self.kwds)
        action.values = self.values
        action.separator = self.separator
        action.after = self.after


def magic_options(examples: Sequence[str]) -> Callable[[Magic], Magic]:
    """Mark a magic as one with options; goes above all its :class:`option` decorators.

    Args:
        examples: Shown at the end of the help, one line each.
    """
    epilog = "examples:\n" + "\n".join(f"  {example}" for example in examples)

    def decorate(magic: Magic) -> Magic:
        shown = option(*HELP, action="store_true", help="show this help")
        decorated: Magic = magic_arguments()(kwds(epilog=epilog)(shown(magic)))
        return decorated

    return decorate


def result_options(magic: Magic) -> Magic:
    """The options of every magic that has a result: ``-o NAME`` and ``-q``."""
    quiet = option("-q", "--quiet", action="store_true", help="show nothing; the value is None")
    output = option("-o", "--output", type=name, metavar="NAME", help="store the result in NAME")
    decorated: Magic = output(quiet(magic))
    return decorated


def name(text: str) -> str:
    """The type of an option that takes the name of a variable."""
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError("the name of a variable")
    return text


def positive_number(text: str) -> float:
    """The type of an option that takes a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError("a number above 0")
    return number


def parse(magic: Callable[..., object], line: str) -> argparse.Namespace | None:
    """Read the line of a magic.

    Options come first. What follows them goes to the magic's positional argument as it
    was written, with its own spaces, dashes and quotes. ``--`` ends the options, for an
    expression that begins with a dash. Arguments of one word (``nargs="?"``) may also stand
    before and between options.

    Args:
        magic: A magic decorated with :func:`magic_options`.
        line: What stands after the magic's name.

    Returns:
        The values by name, or None where help was asked for; it has been printed then.

    Raises:
        OptionError: An unknown option, a missing or unusable value, or text that the magic
            has no use for.
    """
    reader = _Reader(magic, line)
    return reader.read()


class _Reader:
    """One reading of one line."""

    def __init__(self, magic: Callable[..., object], line: str) -> None:
        self.parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]
        self.words = Words(line)
        self.options = {
            name: action for action in self.parser._actions for name in action.option_strings
        }
        self.result = argparse.Namespace(
            **{action.dest: action.default for action in self.parser._actions}
        )

    def read(self) -> argparse.Namespace | None:
        while (word := self.words.peek()) and (looks_like_option(word) or self._one_word):
            self.words.take()
            if not looks_like_option(word):
                self._read_argument(word)
                continue
            if word == "--":
                break
            if word in HELP:
                print(self.parser.format_help())  # noqa: T201 - what was asked for
                return None
            self._read_option(word)
        self._keep_rest()
        return self.result

    @property
    def _positional(self) -> argparse.Action | None:
        return next(iter(arguments_of(self.parser)), None)

    @property
    def _one_word(self) -> bool:
        return self._positional is not None and self._positional.nargs == "?"

    def _read_argument(self, word: str) -> None:
        for action in arguments_of(self.parser):
            if getattr(self.result, action.dest) is None:
                setattr(self.result, action.dest, without_quotes(word))
                return
        raise self._of_no_use(word)

    def _read_option(self, word: str) -> None:
        option, joined, text = word.partition("=")
        if option not in self.options:
            option, joined, text = word[:2], word[2:], word[2:]  # as in -t5
            if word.startswith("--") or option not in self.options or not self._takes_value(option):
                raise self._unknown(word)
        action = self.options[option]
        if not self._takes_value(option):
            if joined:
                raise OptionError(f"{option} takes no value.")
            action(self.parser, self.result, [], option)
            return
        if not joined:
            text = self._next_word(option, action)
        action(self.parser, self.result, converted(action, option, without_quotes(text)), option)

    def _takes_value(self, option: str) -> bool:
        return bool(self.options[option].nargs != 0)

    def _next_word(self, option: str, action: argparse.Action) -> str:
        word = self.words.peek()
        if not word or word in self.options:
            raise OptionError(f"{option} needs a value: {option} {placeholder(action)}.")
        return self.words.take()

    def _keep_rest(self) -> None:
        rest = self.words.rest()
        if self._positional is not None and not self._one_word:
            setattr(self.result, self._positional.dest, rest)
        elif rest.strip():
            raise self._of_no_use(rest.strip())

    def _of_no_use(self, text: str) -> OptionError:
        magic = f"%{self.parser.prog}"
        taken = [placeholder(action) for action in arguments_of(self.parser)]
        what = listed([*taken, "options"])
        return OptionError(f"{magic} has no use for {text!r}.", f"It takes {what}: see {magic} -h.")

    def _unknown(self, word: str) -> OptionError:
        name = word.partition("=")[0]
        valid = [option for option in self.options if option.startswith("--")]
        known = valid if name.startswith("--") else list(self.options)
        hint = nearest(name, known, apart_from="-", cutoff=0.6)
        return OptionError(f"%{self.parser.prog} has no option {name}.", hint)


def arguments_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What stands without a name of its own, in order."""
    return [action for action in parser._actions if not action.option_strings]


def looks_like_option(word: str) -> bool:
    """Whether a word is meant as an option; ``-1`` and ``-(a + b)`` are expressions."""
    return word == "--" or (word.startswith("-") and word.lstrip("-")[:1].isalpha())


def placeholder(action: argparse.Action) -> str:
    """What the help writes for the option's value."""
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


def converted(action: argparse.Action, option: str, text: str) -> Any:
    """The value of an option, of the type that it declares."""
    convert = action.type if callable(action.type) else str
    try:
        value = convert(text)
    except argparse.ArgumentTypeError as error:
        raise OptionError(f"{option} takes {error}, not {text!r}.") from None
    except (TypeError, ValueError):
        raise OptionError(f"{option} takes {placeholder(action)}, not {text!r}.") from None
    if action.choices is not None and value not in action.choices:
        choices = [str(choice) for choice in action.choices]
        raise OptionError(f"{option} does not take {text!r}.", nearest(text, choices))
    return value
