"""Whether a run did something outside the process that a second run would do again.

Writing files, starting programs, talking to a server: Python's audit events tell of each. An
audit hook cannot be taken away, so there is one for the process, which does nothing while
nobody listens.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from dlmagic.frameworks.captured import Frame, innermost_frame

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_DOING = {
    "os.remove": "removes a file",
    "os.rename": "renames a file",
    "os.mkdir": "makes a folder",
    "os.rmdir": "removes a folder",
    "os.truncate": "writes a file",
    "os.link": "links a file",
    "os.symlink": "links a file",
    "shutil.move": "moves a file",
    "shutil.copyfile": "writes a file",
    "shutil.rmtree": "removes a folder",
    "subprocess.Popen": "starts a program",
    "os.system": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.exec": "starts a program",
    "socket.connect": "talks to a server",
    "socket.sendto": "talks to a server",
    "sqlite3.connect": "opens a database",
    "smtplib.connect": "talks to a server",
    "urllib.Request": "talks to a server",
}
"""What a user would call each audit event."""

_OWN_AFFAIRS = (
    "<frozen importlib",
    "/torch/_dynamo/",
    "/torch/_inductor/",
    "/triton/",
    "/jax/_src/compilation_cache",
    "/numba/core/caching",
    "/tensorflow/python/autograph/",
)
"""Parts of the names of files that keep byte code, compiled code or code that was rewritten for a
graph: a second run finds it there."""


@dataclass(frozen=True)
class OutsideAction:
    """Something that reached beyond the process.

    Attributes:
        what: In words that follow the line: ``"writes a file"``.
        frame: The line of the cell that led to it.
    """

    what: str
    frame: Frame


@dataclass
class OutsideActions:
    """All that was noticed in one run."""

    filename: str
    found: list[OutsideAction] = field(default_factory=list)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note an audit event if the cell led to it and it reaches outside."""
        what = _in_words(event, arguments)
        frame = self._line(sys._getframe(2)) if what else None
        if what and frame is not None:
            self.found.append(OutsideAction(what, frame))

    def _line(self, frame: FrameType) -> Frame | None:
        """The cell's line, unless code lies between whose files are its own affair."""
        return innermost_frame(self.filename, frame, but_below=_OWN_AFFAIRS)


_listeners: list[OutsideActions] = []
_installed = False


@contextmanager
def watching_outside(filename: str) -> Iterator[OutsideActions]:
    """While active, what the cell does outside the process is noted.

    Args:
        filename: The cell's: what other threads or libraries do for themselves does not count.
    """
    global _installed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    actions = OutsideActions(filename)
    _listeners.append(actions)
    try:
        yield actions
    finally:
        _listeners.remove(actions)


def _hook(
    event: str,
    arguments: tuple[object, ...],
    listeners: list[OutsideActions] = _listeners,  # when Python ends, it outlives its module
) -> None:
    for listener in listeners:
        listener.hear(event, arguments)


def _in_words(event: str, arguments: tuple[object, ...]) -> str | None:
    if event == "open":
        return "writes a file" if _writes(arguments) else None
    return _DOING.get(event)


def _writes(arguments: tuple[object, ...]) -> bool:
    """Whether a file is opened for writing; byte code that an import leaves does not count."""
    path, _mode, flags = (*arguments, None, None, None)[:3]
    if not isinstance(flags, int) or not flags & _WRITING:
        return False
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    return name != os.devnull and "__pycache__" not in name


_SAVING = frozenset(
    {"save", "savefig", "save_weights", "save_model", "save_pretrained", "save_state", "export"}
)


_ASKING = frozenset({"input", "getpass"})


def unheard_calls(statements: Iterable[ast.stmt], filename: str) -> list[OutsideAction]:
    """Calls that reach outside without an audit event, known by their names.

    Files are written from code in C++, as by ``torch.save(model, "model.pt")``; one whose target
    is in memory is taken for it, too. In a notebook, ``input()`` asks past Python.
    """
    nodes = (node for statement in statements for node in ast.walk(statement))
    calls = [(node, _told_by_name(node)) for node in nodes if isinstance(node, ast.Call)]
    return [
        OutsideAction(what, Frame(filename, node.lineno, "<module>"))
        for node, what in calls
        if what
    ]


def _told_by_name(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(_, name) if name in _SAVING:
            return "may write a file"
        case ast.Name(name) | ast.Attribute(_, name) if name in _ASKING:
            return "asks for input"
        case _:
            return ""
