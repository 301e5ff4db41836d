"""Loading and unloading: what ``%load_ext dlmagic`` adds to a shell, and takes away again.

Nothing is remembered here. All that was added belongs to a class of dlmagic, and that
is how unloading finds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics

from dlmagic.shell import completion
from dlmagic.shell.ownership import belongs_to_dlmagic
from dlmagic.shell.settings import DLMagic

ROOMS = (
    "dlmagic.magics.bench.magic:BenchMagics",
    "dlmagic.magics.graphmode.magic:GraphModeMagics",
    "dlmagic.magics.graphmode.autograd.magic:AutogradMagics",
    "dlmagic.magics.tensors.magic:TensorMagics",
    "dlmagic.magics.tensors.explain.magic:ExplainMagics",
    "dlmagic.magics.gpus.magic:GpuMagics",
    "dlmagic.magics.watch.magic:WatchMagics",
    "dlmagic.magics.watch.summary.magic:SummaryMagics",
    "dlmagic.magics.overview.magic:OverviewMagics",
)
"""The magics class of every room; its module must be cheap to import."""


def load(shell: InteractiveShell, rooms: Iterable[str] = ROOMS) -> None:
    """Add the magics, their completion and the settings; once, however often it is called."""
    if _ours(shell):
        return
    configurables: list[Any] = shell.configurables
    configurables.append(DLMagic(parent=shell))
    for room in rooms:
        shell.register_magics(_magics_class(room)(shell))
    completion.install(shell)


def unload(shell: InteractiveShell) -> None:
    """Take away everything that :func:`load` added.

    A magics class that has registered more than its magics, such as an event, takes it
    away in a method ``unload``.
    """
    completion.remove(shell)
    for configurable in _ours(shell):
        shell.configurables.remove(configurable)
        if isinstance(configurable, Magics):
            _remove_magics(shell, configurable)


def _ours(shell: InteractiveShell) -> list[Any]:
    """The magics and settings of dlmagic in this shell; IPython lists both here."""
    return [each for each in shell.configurables if belongs_to_dlmagic(each)]


def _magics_class(room: str) -> Any:
    module, _, name = room.partition(":")
    return getattr(import_module(module), name)


def _remove_magics(shell: InteractiveShell, magics: Any) -> None:
    if hasattr(magics, "unload"):
        magics.unload()
    manager: Any = shell.magics_manager
    manager.registry.pop(type(magics).__name__, None)
    for kind, table in magics.magics.items():
        for name, function in table.items():
            if manager.magics[kind].get(name) == function:
                del manager.magics[kind][name]
