"""Where ranks wait for each other, told from the modules on a stack, and how that is ended."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

WAITING = ("torch.distributed", "torch.nn.parallel.distributed", "jax.experimental.multihost_utils")
"""Modules in which a rank waits until all the others have come, too."""

_HANGING_UP = {"torch.distributed": "dlmagic.frameworks.torch.process_group"}


def waits_for_others(modules: Iterable[str]) -> bool:
    """Whether a stack of calls, told by the names of their modules, has a collective on it."""
    return any(module.startswith(WAITING) for module in modules)


def hang_up() -> None:
    """End the collectives of this process from another thread; nobody can join in any more.

    It is for an interrupt that does not get through: the main thread waits in C++, where no
    signal is looked at.
    """
    for framework, home in _HANGING_UP.items():
        if framework in sys.modules:
            importlib.import_module(home).hang_up()
