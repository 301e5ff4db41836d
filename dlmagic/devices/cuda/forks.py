"""Whether CUDA was started before this process was forked: no child can use it then.

CUDA itself says to such a child what it says before it is started. What tells them apart is the
driver's file for managed memory, which is open from then on. Newer versions of NVML open it, too
(seen with driver 580), but do not map the registers of a GPU into memory, as CUDA does. And there
is a look before each fork of this process, once the state of CUDA has been asked for.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from dlmagic.devices.cuda.driver import is_started, loaded_driver

_REGISTERS = re.compile(r"/dev/nvidia[0-9]+$", re.MULTILINE)

_started_in: int | None = None  # the process in which CUDA was seen started
_watching = False


def note_started() -> None:
    """Remember that CUDA is started in this process."""
    global _started_in
    _started_in = os.getpid()


def watch_forks() -> None:
    """From now on, look before each fork; a second call does nothing."""
    global _watching
    if not _watching and hasattr(os, "register_at_fork"):
        _watching = True
        os.register_at_fork(before=_look)


def was_started_before_the_fork(proc: Path = Path("/proc")) -> bool:
    """Whether there is a trace of that, in a process where CUDA says it is not started."""
    if _started_in is not None and _started_in != os.getpid():
        return True
    if not _is_open("nvidia-uvm", proc):
        return False
    try:
        mapped = (proc / "self" / "maps").read_text("utf-8", "replace")
    except OSError:
        return True
    return "libnvidia-ml.so" not in mapped or _REGISTERS.search(mapped) is not None


def _look() -> None:
    driver = loaded_driver()
    if driver is not None and is_started(driver):
        note_started()


def _is_open(device: str, proc: Path) -> bool:
    try:
        entries = list((proc / "self" / "fd").iterdir())
    except OSError:
        return False
    return any(_leads_to(entry, device) for entry in entries)


def _leads_to(entry: Path, device: str) -> bool:
    try:
        file = entry.readlink()
    except OSError:  # closed in the meantime
        return False
    return (file.parent.name, file.name) == ("dev", device)
