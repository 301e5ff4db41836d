"""The value of the name that the user gave to the loss, where the training is at the moment."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

_LOCALS_ARE_A_VIEW = sys.version_info >= (3, 13)
_MOST_FRAMES = 60
_OWN_OF_LIBRARIES = ("dlmagic", "torch.optim", "torch.amp", "torch.autograd", "torch.utils")


class NamedLoss:
    """Looks for a name in the code that trains, from the inside out, and then in the notebook.

    Args:
        name: What the user calls the loss.
        namespace: The notebook's names.
    """

    def __init__(self, name: str, namespace: Mapping[str, object]) -> None:
        self.name = name
        self._namespace = namespace
        self._found = False
        self._looked = False
        self._others: set[str] = set()

    def value(self) -> object:
        """Its value now; None where there is none that is a number.

        Called in the thread that trains, below the user's code.
        """
        found = self._anywhere()
        if found is not None:
            self._found = True
        elif not self._looked:
            self._others.update(self._names_around())
        self._looked = True
        return found

    def note(self) -> str:
        """What to tell the user where it was never seen; an empty text otherwise."""
        if self._found or not self._looked:
            return ""
        near = difflib.get_close_matches(self.name, sorted(self._others), n=3, cutoff=0.6)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        return f"No number called {self.name} was seen while it trained.{hint}"

    def _anywhere(self) -> object:
        """The value of the name; that of the innermost code in which it is a number."""
        for frame in _frames():
            if self.name in _names_in(frame.f_code):
                found = _number(_local(frame, self.name))
            elif frame.f_code.co_name == "<module>":
                found = _number(frame.f_globals.get(self.name))
            else:
                continue
            if found is not None:
                return found
        return _number(self._namespace.get(self.name))

    def _names_around(self) -> set[str]:
        """Names of the code that trains, and of numbers in the notebook."""
        codes = (frame.f_code for frame in _frames())
        inside = {name for code in codes if _is_users(code) for name in _names_in(code)}
        numbers = {name for name, value in self._namespace.items() if _number(value) is not None}
        return {name for name in inside | numbers if not name.startswith("_")}


def _frames() -> Iterator[FrameType]:
    """The frames of the code that trains, the innermost first; of libraries, few."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return
        module = str(frame.f_globals.get("__name__", ""))
        # An optimiser has a local name "loss" of its own.
        if not module.startswith(_OWN_OF_LIBRARIES):
            yield frame
        frame = frame.f_back


def _names_in(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames + code.co_cellvars + code.co_freevars


def _is_users(code: CodeType) -> bool:
    return "site-packages" not in code.co_filename


def _local(frame: FrameType, name: str) -> object:
    """A local variable of a function that runs.

    Before Python 3.13, to ask makes a copy of all local variables that lives as long as the frame,
    and with it the graph of a loss. It is emptied again, unless the user has it by ``locals()``.
    """
    names = frame.f_locals
    value = names.get(name)
    is_function = frame.f_code.co_flags & inspect.CO_OPTIMIZED
    if is_function and not _LOCALS_ARE_A_VIEW and sys.getrefcount(names) <= _REFERENCES:
        names.clear()
    return value


_REFERENCES = 3  # the frame's, ours, and that of the question


def _number(value: Any) -> object:
    """The value if it is one number: a float, or an array or tensor with one element."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else value
    if isinstance(value, type) or not hasattr(value, "__float__"):
        return None
    try:
        return value if all(int(size) == 1 for size in value.shape) else None
    except (AttributeError, TypeError, ValueError):
        return None
