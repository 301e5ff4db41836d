"""Where a live view can be shown: a page with widgets, a notebook without, or nowhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dlmagic.display.live.attention import Attention
from dlmagic.display.live.outlet import NotebookOutlet, Nowhere, Outlet
from dlmagic.display.live.widget import FrontEnd, WidgetOutlet


def outlet_here(
    front_end: Callable[[], FrontEnd], attention: Attention, stop: Callable[[], object]
) -> Outlet:
    """The best place that there is for a view.

    A notebook that is executed without a reader gets no widget: nobody would look at it, and
    its state would be saved.

    Args:
        front_end: Makes what a page needs, where there is one.
        attention: Is told who looks.
        stop: Called when the reader presses Stop.
    """
    shell = present_shell()
    if getattr(shell, "kernel", None) is None:
        return Nowhere()
    if not _somebody_reads(shell):
        return NotebookOutlet(refreshed=False)
    try:
        return WidgetOutlet(front_end(), attention, stop)
    except ImportError:
        return NotebookOutlet(refreshed=True)


def present_shell() -> Any:
    """IPython's shell; None in a script."""
    # Whoever runs in IPython has imported it; nobody else needs to.
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive is not None else None


def heeds_cells(attention: Attention) -> Callable[[], None]:
    """Let it know when cells run, the present one included; returns what ends that."""
    shell = present_shell()
    if getattr(shell, "kernel", None) is None:
        return lambda: None
    attention.cell_began()
    hooks = {"pre_execute": attention.cell_began, "post_execute": attention.cell_ended}
    for event, hook in hooks.items():
        shell.events.register(event, hook)

    def forget() -> None:
        for event, hook in hooks.items():
            if hook in shell.events.callbacks[event]:
                shell.events.unregister(event, hook)

    return forget


def _somebody_reads(shell: Any) -> bool:
    """Whether the present cell could ask its reader something: front ends say so with each."""
    request = shell.kernel.get_parent()
    return bool(request.get("content", {}).get("allow_stdin", True))
