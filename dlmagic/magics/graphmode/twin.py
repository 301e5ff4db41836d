"""``dlmagic.graphmode``: the same report for scripts, tests and other notebooks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource, name_of_users_file
from dlmagic.magics.graphmode.calls import read_calls
from dlmagic.magics.graphmode.engine import graphmode_cell
from dlmagic.magics.graphmode.request import Request, Surroundings
from dlmagic.magics.graphmode.result import GraphReport


def graphmode(
    code: str,
    *,
    namespace: Mapping[str, object] | None = None,
    mode: str | None = None,
    strict: bool = False,
    calls: str | None = None,
) -> GraphReport:
    """Run code plainly and as a graph, and say what the graph did to it.

    Args:
        code: The text of one cell.
        namespace: What it finds, and where its assignments go if it is a dict; the caller's own
            names by default, which keep their bindings.
        mode: Such as ``"compile"``; by default that of the framework that the code uses.
        strict: Whether code that the mode cannot run is an error.
        calls: A name and the values that it is bound to in further calls: ``"n=8,16,16"``.

    Raises:
        InputError: The arguments, the code or the mode cannot be used; nothing has run.
        ModeUnavailable: Only with ``strict``: the code cannot run in the mode.
        BaseException: What the code raises when it runs as it is.
    """
    names = _names_of_caller() if namespace is None else namespace
    request = Request(
        source=CellSource.from_text(code),
        namespace=names if isinstance(names, dict) else dict(names),
        mode=mode,
        strict=strict,
        calls=read_calls(calls) if calls is not None else None,
    )
    surroundings = Surroundings(StreamOutput(), name_of_cell=name_of_users_file)
    return graphmode_cell(request, surroundings).report


def _names_of_caller() -> dict[str, object]:
    """A copy of the globals and locals of whoever called :func:`graphmode`."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return {**caller.f_globals, **caller.f_locals} if caller else {}
