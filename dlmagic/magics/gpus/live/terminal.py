"""The view in a terminal: a table that is refreshed in place until Ctrl-C, then the summary."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dlmagic.display import text
from dlmagic.display.live.surroundings import present_shell
from dlmagic.magics.gpus.live.result import GpuHistory
from dlmagic.magics.gpus.live.view import document

if TYPE_CHECKING:
    from dlmagic.magics.gpus.live.session import LiveSession

_LONGEST = 1.0  # seconds without a look at whether it has ended


def in_terminal() -> bool:
    """Whether a person reads what this process prints; not in a notebook, nor behind a pipe."""
    if getattr(present_shell(), "kernel", None) is not None:
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def watch(session: LiveSession) -> None:
    """Show it until it ends or is interrupted, and then what was seen."""
    from rich.console import Console
    from rich.live import Live

    console = Console(force_jupyter=False, highlight=False)
    try:
        with Live(console=console, auto_refresh=False, transient=True) as shown:
            while session.running:
                shown.update(_table(session.result(), console), refresh=True)
                with session.heard:
                    session.heard.wait(_LONGEST)
    except KeyboardInterrupt:
        pass  # which is how a reader says that it is enough
    console.print(_table(session.stop(), console))


def _table(history: GpuHistory, console: Any) -> Any:
    from rich.text import Text

    lines = text.render(
        document(history), colour=console.color_system is not None, width=console.width
    )
    hint = "" if history.ended else "\nCtrl-C ends it."
    return Text.from_ansi(lines + hint)
