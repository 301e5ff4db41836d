"""Which names an engine does not have."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.cluster.there.here import Here


def missing(here: Here, names: Sequence[str]) -> list[str]:
    """Those of some names that are not in the engine's namespace."""
    return [name for name in names if name not in here.namespace]
