"""The view in a terminal: a table that is refreshed in place until Ctrl-C, then the summary."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlmagic.display import text
from dlmagic.magics.gpus.live.result import GpuHistory
from dlmagic.magics.gpus.live.view import document

if TYPE_CHECKING:
    from dlmagic.magics.gpus.live.running import LiveSession

_LONGEST = 1.0  # seconds without a look at whether it has ended


def watch(session: LiveSession) -> None:
    """Show it until it ends or is interrupted, and then what was seen.

    Behind a pipe nobody watches: what was seen so far is written, and it goes on.
    """
    from rich.console import Console

    console = Console(force_jupyter=False, highlight=False)
    if console.is_terminal and session.running:
        _refresh(session, console)
        session.stop()
    console.print(_table(session.result(), console))


def _refresh(session: LiveSession, console: Any) -> None:
    from rich.live import Live

    # An interrupt is how a reader says that it is enough.
    with (
        suppress(KeyboardInterrupt),
        Live(console=console, auto_refresh=False, transient=True) as shown,
    ):
        while session.running:
            table = _table(session.result(), console, "\nCtrl-C ends it.")
            shown.update(table, refresh=True)
            with session.heard:
                session.heard.wait(_LONGEST)


def _table(history: GpuHistory, console: Any, hint: str = "") -> Any:
    from rich.text import Text

    lines = text.render(
        document(history), colour=console.color_system is not None, width=console.width
    )
    return Text.from_ansi(lines + hint)
