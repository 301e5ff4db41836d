"""The errors that dlmagic raises, each with a hint that says what to do next.

::

    DLMagicError
    ├── InputError (ValueError)          something that was written cannot be used
    │   ├── OptionError                  an option or its value
    │   ├── CellError                    a cell that cannot become a function
    │   ├── ModeError                    an execution mode that does not exist or does not fit
    │   └── StateError                   state that could not be put back afterwards
    ├── ModeUnavailable                  this machine or this cell cannot run the mode; others can
    ├── PickError                        no GPU could be picked
    │   ├── NothingFreeError             others have them, and they may become free
    │   └── TooLateError                 CUDA has started in this process
    ├── RankError                        one process of a cluster failed, ended or did not answer
    ├── MissingPackageError (ImportError)   an optional package is not installed
    └── ResultFormatError (ValueError)   a saved result is damaged or foreign

    TrainingStopped (KeyboardInterrupt)  no error: a training was ended between two steps

In a notebook every one of them becomes one line without a traceback. Errors in
the user's own code are never wrapped: they stay what they are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class DLMagicError(Exception):
    """Base of all errors of dlmagic.

    Args:
        message: What is wrong, one sentence in the user's own names.
        hint: What to do about it, one sentence; empty where the message says it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(DLMagicError, ValueError):
    """Something that was written cannot be used."""


class OptionError(InputError):
    """An unknown option, or a value that an option does not take."""


class CellError(InputError):
    """A cell that cannot be turned into a function, such as one with a top-level ``await``."""


class ModeError(InputError):
    """An execution mode that does not exist, or does not fit what the cell computes with."""


class StateError(InputError):
    """The cell uses something that cannot be put back, such as a half consumed generator."""


class ModeUnavailable(DLMagicError):  # noqa: N818 - it is a state of affairs, not a mistake
    """This machine or this cell cannot run a mode; the other modes are not affected."""


class PickError(DLMagicError):
    """No GPU could be picked: there is none, or not as many as wanted, or it cannot be told."""


class NothingFreeError(PickError):
    """Too few GPUs are free at present, or became free in the time that was given."""


class TooLateError(PickError):
    """CUDA has started in this process, and keeps the GPUs that it has."""


class RankError(DLMagicError):
    """One engine of a cluster failed, ended or did not answer; the others were interrupted.

    Args:
        message: What happened to which rank, one sentence.
        hint: What to do about it.
        rank: Its place in the view, from 0.
        host: Where it runs; empty where that is not known.
        traceback: What the engine itself showed, without our frames; empty where it told nothing.
        explanation: What the engine knows of the mistake, as the plain data of an
            :class:`~dlmagic.Explanation`; None where that is nothing.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        rank: int,
        host: str = "",
        traceback: str = "",
        explanation: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.rank = rank
        self.host = host
        self.traceback = traceback
        self.explanation = explanation

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the line that says which rank, and that rank's own traceback."""
        return [f"RankError: {self}", *self.traceback.splitlines()]


class MissingPackageError(DLMagicError, ImportError):
    """An optional package is not installed.

    Args:
        package: Name to install, as pip knows it.
        purpose: What needs it, such as ``"--modes njit"``.
    """

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed.",
            f"Install it with: pip install {package}",
        )
        self.package = package


class ResultFormatError(DLMagicError, ValueError):
    """A saved result that is damaged, or that something else wrote."""


class TrainingStopped(KeyboardInterrupt):
    """A training was ended between two of its steps, as somebody asked or ``--stop-on`` says.

    It is a ``KeyboardInterrupt``: ``except Exception`` lets it pass, loops that tidy up after an
    interrupt do so, and IPython shows it as one line.

    Args:
        message: Why, one sentence.
        step: The last step that was taken.
    """

    def __init__(self, message: str, step: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.step = step

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [self.message]


_SPOKEN_WITH_A_VOWEL = frozenset("AEFHILMNORSX")


def with_article(name: str) -> str:
    """A name, such as that of a type, with "a" or "an" as it is spoken.

    >>> [with_article(name) for name in ("list", "int", "ndarray", "UNet", "LSTM")]
    ['a list', 'an int', 'an ndarray', 'a UNet', 'an LSTM']
    """
    if name[:2].isupper():  # letters that are spoken one by one
        vowel = name[0] in _SPOKEN_WITH_A_VOWEL
    else:
        vowel = name.lower().startswith(("a", "e", "i", "o", "nd"))
    return f"{'an' if vowel else 'a'} {name}"


def what_it_is(value: object) -> str:
    """What a value is that is not what was asked for.

    >>> what_it_is([3]), what_it_is(list)
    ('a list', 'the class list')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return with_article(type(value).__name__)


def nearest(name: str, valid: Iterable[str], *, apart_from: str = "", cutoff: float = 0.5) -> str:
    """A sentence that offers the valid name closest to ``name``, or lists them all.

    Args:
        name: What was written.
        valid: What there is.
        apart_from: Characters that all begin with, as the dashes of options: they make none alike.
        cutoff: How alike names must be, from 0 to 1; short ones as x1 and x3 are half alike.

    >>> nearest("compil", ["compile", "eager"])
    'Did you mean compile?'
    """
    choices = {choice.lstrip(apart_from): choice for choice in valid}
    close = difflib.get_close_matches(name.lstrip(apart_from), choices, n=1, cutoff=cutoff)
    if close:
        return f"Did you mean {choices[close[0]]}?"
    return f"Choose from: {', '.join(choices.values())}." if choices else ""
