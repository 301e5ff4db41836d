"""Main memory of this process, as the operating system counts it.

The largest amount that was resident at once (Linux: ``VmHWM`` of ``/proc/self/status``) can be
set back to the present amount by writing 5 to ``/proc/self/clear_refs``; see proc(5). Both count
pages, so an allocation counts once it has been written to, and memory that a library keeps for
later counts as in use.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Any

from dlmagic.devices.reading import Reason

_RESET_PEAK = "5"


class HostMemory:
    """What a process occupies of main memory.

    Args:
        process: Where Linux tells about the process.
    """

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._process = process

    def resident_bytes(self) -> int | Reason:
        """Bytes of main memory that the process occupies now."""
        return self._from_status("VmRSS")

    def peak_bytes(self) -> int | Reason:
        """The most that it occupied since the start, or since :meth:`reset_peak`."""
        return self._from_status("VmHWM")

    def reset_peak(self) -> Reason | None:
        """Let the peak begin anew at what is resident now; the reason where that is refused."""
        try:
            (self._process / "clear_refs").write_text(_RESET_PEAK)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return Reason(f"this system does not let a process reset its peak of memory ({why})")
        return None

    def release_free(self) -> bool:
        """Give freed memory back to the system, so that using it again shows; if that can be.

        The C library keeps what was freed; glibc's ``malloc_trim`` returns it.
        """
        trim = _malloc_trim()
        if trim is None:
            return False
        trim(0)
        return True

    def _from_status(self, field: str) -> int | Reason:
        try:
            lines = (self._process / "status").read_text().splitlines()
        except OSError:
            return Reason(f"{sys.platform} has no {self._process / 'status'} to read memory from")
        for line in lines:
            name, _, rest = line.partition(":")
            if name == field:
                return int(rest.split()[0]) * 1024
        return Reason(f"{self._process / 'status'} has no {field} here")


@cache
def _malloc_trim() -> Any:
    """The function of glibc; None with another C library."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except OSError:
        return None
