"""The pick that is in force in this process."""

from __future__ import annotations

from dlmagic.magics.gpus.pick.handle import Pick

_last: list[Pick] = []


def current() -> Pick | None:
    """What this process has picked and not given back; a fork of it has picked nothing."""
    return next((each for each in _last if each.is_here), None)


def set_current(pick: Pick) -> None:
    """Let this be the one."""
    _last[:] = [pick]
