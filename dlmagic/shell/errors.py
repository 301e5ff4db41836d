"""What a user sees when a magic fails: one line for a slip, their own frames for their error.

- An error of dlmagic becomes IPython's ``UsageError``: one line, no traceback. That of a rank
  stays, and shows below its line the traceback of the engine.
- An exception from the user's code stays the same object. It is shown from the user's
  first frame on, through the ``_render_traceback_`` protocol of IPython, so ``%tb`` and
  ``%debug`` work, and the reply of the kernel is an error.
- Anything else is a mistake in dlmagic and keeps its full traceback, for a bug report.
"""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import dlmagic
from dlmagic.errors import DLMagicError, RankError

Method = TypeVar("Method", bound=Callable[..., Any])

_PACKAGE = str(Path(dlmagic.__file__).parent) + os.sep


def translate_errors(magic: Method) -> Method:
    """Decorate the method of a magics class; goes right above the method itself."""

    @functools.wraps(magic)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        with translated_errors(self.shell):
            return magic(self, *arguments, **keywords)

    return call  # type: ignore[return-value]


@contextmanager
def translated_errors(shell: InteractiveShell) -> Iterator[None]:
    """A block in which errors become what a user should see of them."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, DLMagicError | KeyboardInterrupt) or _users_part(shell, error):
            _let_go_of_values(error)
        if _users_part(shell, error):
            _show_users_part(shell, error)
        elif isinstance(error, DLMagicError) and not isinstance(error, RankError):
            raise UsageError(" ".join(str(error).splitlines())) from error
        elif isinstance(error, SyntaxError):
            _show_syntax_error(shell, error)
        elif isinstance(error, KeyboardInterrupt):
            _show_users_part(shell, error)
        raise


def _let_go_of_values(error: BaseException) -> None:
    """Empty our own frames: the last error keeps them, and they may hold all that names led to."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            with suppress(RuntimeError):  # one that is still running
                trace.tb_frame.clear()
        trace = trace.tb_next


def _show_users_part(shell: InteractiveShell, error: BaseException) -> None:
    """Let IPython show this exception from the user's first frame on."""
    if isinstance(error, SyntaxError):  # as from eval(); it has its own way to be shown
        _show_syntax_error(shell, error)
        return

    def render() -> list[str]:
        part = _users_part(shell, error)
        tracebacks: Any = shell.InteractiveTB
        if part is None:
            lines = tracebacks.get_exception_only(type(error), error)
        else:
            lines = tracebacks.structured_traceback(
                type(error), error, _below_outermost(error, part)
            )
        return list(lines)

    error._render_traceback_ = render  # type: ignore[attr-defined]


def show_without_own_frames(shell: InteractiveShell, error: BaseException) -> None:
    """Let IPython show this exception without our frames, wherever they stand.

    It is for one that is raised in the midst of the user's code, as by a handler of signals.
    """

    def render() -> list[str]:
        trace, part = error.__traceback__, []
        while trace is not None:
            if not trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
                part.append(trace)
            trace = trace.tb_next
        tracebacks: Any = shell.InteractiveTB
        return list(tracebacks.structured_traceback(type(error), error, _linked(part), 1))

    error._render_traceback_ = render  # type: ignore[attr-defined]


def _show_syntax_error(shell: InteractiveShell, error: SyntaxError) -> None:
    """Let IPython show this syntax error without the frames that led to its discovery.

    IPython shows syntax errors with all frames and does not ask them how. A handler for
    this one exception is its documented way round; it takes itself back when it has run.
    """
    interactive: Any = shell
    before = (interactive.custom_exceptions, interactive.CustomTB)
    if issubclass(type(error), interactive.custom_exceptions):
        return  # the user shows syntax errors in a way of their own

    def show(
        shell: Any,
        kind: type[BaseException],
        value: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,  # noqa: ARG001 - IPython passes it by name
    ) -> None:
        shell.custom_exceptions, shell.CustomTB = before
        if value is not error:  # somebody caught ours, and this is a later one
            shell.showtraceback((kind, value, trace))
            return
        shell._get_exc_info((kind, value, trace))  # for %tb and %debug
        frames = traceback.extract_tb(_users_part(shell, error))
        shell._showtraceback(
            kind, value, shell.SyntaxTB.structured_traceback(kind, value, list(frames))
        )

    interactive.set_custom_exc((type(error),), show)


def _users_part(shell: InteractiveShell, error: BaseException) -> TracebackType | None:
    """The traceback from the user's first frame below ours on, without any of ours.

    The user's frames are those of the notebook's module. The cell that calls the magic is
    one of them, but it stands above ours and does not count.
    """
    trace, part = error.__traceback__, []
    below_ours = in_users = False
    while trace is not None:
        ours = trace.tb_frame.f_code.co_filename.startswith(_PACKAGE)
        below_ours = below_ours or ours
        in_users = in_users or (below_ours and _is_users(shell, trace))
        if in_users and not ours:
            part.append(trace)
        trace = trace.tb_next
    return _linked(part)


def _is_users(shell: InteractiveShell, trace: TracebackType) -> bool:
    module: Any = shell.user_module
    return bool(trace.tb_frame.f_globals.get("__name__") == module.__name__)


def _below_outermost(error: BaseException, part: TracebackType) -> TracebackType:
    """The part with the outermost frame above it, which IPython and its debugger leave out."""
    outermost = error.__traceback__ or part
    return TracebackType(part, outermost.tb_frame, outermost.tb_lasti, outermost.tb_lineno)


def _linked(steps: list[TracebackType]) -> TracebackType | None:
    """A traceback made of these steps, the outermost first."""
    below: TracebackType | None = None
    for step in reversed(steps):
        below = TracebackType(below, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return below
