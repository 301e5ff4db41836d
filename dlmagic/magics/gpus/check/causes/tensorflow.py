"""What only TensorFlow stumbles over."""

from __future__ import annotations

import re

from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause

_LIBRARY = re.compile(r"Could not (?:load dynamic|find) library '([^']+)'")
_SOME_LIBRARY = "Cannot dlopen some GPU libraries"
_LAST_FOR_WINDOWS = "2.10"


def on_windows(asked: Asked) -> Cause | None:
    """Later versions than 2.10 have no CUDA on Windows."""
    if asked.wheel.name != "tensorflow" or asked.machine.situation.system != "Windows":
        return None
    return Cause(
        "tensorflow-on-windows",
        f"TensorFlow after {_LAST_FOR_WINDOWS} uses no NVIDIA GPU on Windows.",
        (asked.package, "this is Windows"),
        "Run the notebook in WSL, which is Linux below Windows.",
        "wsl --install",
    )


def without_libraries(asked: Asked) -> Cause | None:
    """It was installed without the libraries of CUDA, or cannot load one of them."""
    if asked.wheel.name != "tensorflow" or not asked.wheel.cuda or on_windows(asked):
        return None
    failed = sorted(set(_LIBRARY.findall(asked.words)))
    brought = [each.name for each in asked.wheel.plugins if each.name.startswith("nvidia-")]
    if not failed and brought and _SOME_LIBRARY not in asked.words:
        return None
    named = f": it cannot load {', '.join(failed)}" if failed else ""
    return Cause(
        "tensorflow-library" if brought else "tensorflow-without-cuda",
        f"TensorFlow does not get the libraries of CUDA that it needs{named}."
        if brought
        else f"TensorFlow was installed without the libraries of CUDA (its extra and-cuda){named}.",
        (
            asked.package,
            f"packages of NVIDIA beside it: {', '.join(brought) or 'none'}",
            *(f"TensorFlow says: {name} could not be loaded" for name in failed),
        ),
        "Install TensorFlow with its libraries, then restart the kernel.",
        install_command(asked),
    )
