"""Where a live view can be shown: in a page with widgets, or in a notebook without."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlmagic.display.live.attention import Attention
from dlmagic.display.live.outlet import NotebookOutlet, Outlet
from dlmagic.display.live.widget import FrontEnd, WidgetOutlet


def outlet_here(
    front_end: Callable[[], FrontEnd], attention: Attention, stop: Callable[[], object]
) -> Outlet:
    """The best place that a notebook has for a view.

    A notebook that is executed without a reader gets no widget: nobody would look at it, and
    its state would be saved.

    Args:
        front_end: Makes what a page needs, where there is one.
        attention: Is told who looks.
        stop: Called when the reader presses Stop.
    """
    if not _somebody_reads(_shell()):
        return NotebookOutlet(refreshed=False)
    try:
        return WidgetOutlet(front_end(), attention, stop)
    except ImportError:
        return NotebookOutlet(refreshed=True)


def in_notebook() -> bool:
    """Whether this is a kernel, and no terminal or script."""
    return getattr(_shell(), "kernel", None) is not None


def kernel_id() -> str:
    """What a Jupyter server calls this kernel; empty where that is not known."""
    if not in_notebook():
        return ""
    from ipykernel.connect import get_connection_file

    try:
        file = get_connection_file()
    except RuntimeError:
        return ""
    return Path(file).stem.removeprefix("kernel-")


def _shell() -> Any:
    """IPython's shell; None in a script."""
    # Whoever runs in IPython has imported it; nobody else needs to.
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive is not None else None


def heeds_cells(attention: Attention) -> Callable[[], None]:
    """Let it know when cells run, the present one included; returns what ends that.

    A script or a program in a terminal is a cell that has no end.
    """
    attention.cell_began()
    if not in_notebook():
        return lambda: None
    shell = _shell()
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
