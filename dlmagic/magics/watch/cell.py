"""A cell that runs under watch."""

from __future__ import annotations

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.magics.watch.result import WatchResult
from dlmagic.magics.watch.session import WatchSession


def watch_cell(
    session: WatchSession, source: CellSource, namespace: dict[str, object], *, goes_on: bool
) -> tuple[object, WatchResult]:
    """Run a cell once, as it is; its end is that of the session.

    Args:
        session: Watches the model.
        source: The cell.
        namespace: The notebook's names.
        goes_on: Whether the model was watched before, and is to be watched afterwards.

    Returns:
        The value of the cell's last expression, and what was seen. A cell in which the session
        has stopped the training ends there, as if it were its last line.

    Raises:
        BaseException: What the cell raises.
    """
    last: object = None
    why = "the cell ended"
    try:
        last = compile_cell(source, namespace, as_module=True).commit()
    except BaseException as error:
        if not session.has_raised(error):
            if not goes_on:
                session.stop(f"the cell raised {type(error).__name__}")
            raise
        why = "the training was stopped"
    if goes_on:
        return last, session.result()
    session.close_view(take_away=True)
    return last, session.stop(why)
