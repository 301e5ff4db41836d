"""The processor's name, and how many cores this process may use."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor_name(proc: Path = Path("/proc")) -> str:
    """Name of the model, or of its architecture where no more is known."""
    # platform.processor() would start a subprocess, and is empty on most Linux systems.
    try:
        lines = (proc / "cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.machine()
    for line in lines:
        label, _, model = line.partition(":")
        if label.strip() == "model name" and model.strip():
            return model.strip()
    return platform.machine()


def allowed_cores() -> int:
    """Cores that the scheduler may put this process on."""
    if hasattr(os, "sched_getaffinity"):  # absent on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
