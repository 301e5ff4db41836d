"""The overview of what there is."""

from __future__ import annotations

from dlmagic.environment import Environment
from dlmagic.magics.overview.entries import ENTRIES
from dlmagic.magics.overview.result import Overview


def overview() -> Overview:
    """All magics."""
    environment = Environment.capture()
    return Overview(environment=environment, version=environment.dlmagic, entries=ENTRIES)
