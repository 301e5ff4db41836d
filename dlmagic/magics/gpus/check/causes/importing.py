"""The framework itself cannot be imported, or is not the one that was meant."""

from __future__ import annotations

import re
from importlib.machinery import PathFinder
from pathlib import Path

from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause

_LIBRARY = re.compile(r"(lib[\w+.-]+\.so[\w.]*): cannot open shared object file")


def hidden_by_a_file(asked: Asked) -> Cause | None:
    """A file or folder of the user's has its name and comes first."""
    name = asked.framework.name
    found = PathFinder.find_spec(name, list(asked.machine.situation.path))
    if found is None or found.origin is None or asked.wheel.package is None:
        return None
    place = Path(found.origin)
    folder = place.parent.parent if place.name == "__init__.py" else place.parent
    if any(folder.glob(f"{name}*-info")) or folder.name in ("site-packages", "dist-packages"):
        return None
    mine = place.parent if place.name == "__init__.py" else place
    return Cause(
        "hidden-by-a-file",
        f"`import {name}` finds {mine}, which hides the installed {asked.framework.title}.",
        (f"{name} is {place}", f"{asked.package} is installed"),
        "Give it another name, then restart the kernel.",
        f"mv {mine} {mine.with_name(f'my_{mine.name}')}",
    )


def import_fails(asked: Asked) -> Cause | None:
    """Importing it raises, or crashes."""
    told = asked.told
    if not isinstance(told, Reason) or told.code is None:
        return None
    if hidden_by_a_file(asked) is not None or _meets_other_libraries(asked):
        return None  # which explains it
    library = _LIBRARY.search(asked.words)
    fails = "crashes when it is imported" if told.code < 0 else "cannot be imported"
    because = f": the library {library[1]} is missing" if library else ""
    return Cause(
        "import-fails",
        f"The installed {asked.framework.title} {fails}{because}.",
        (f"import {asked.framework.name} in a process of its own: {told}", asked.package),
        "Reinstall it, then restart the kernel.",
        install_command(asked),
    )


def _meets_other_libraries(asked: Asked) -> bool:
    """Whether it fails because others than its own are loaded, which is a cause of its own."""
    return "undefined symbol" in asked.words and bool(asked.machine.variable("LD_LIBRARY_PATH"))


def no_answer(asked: Asked) -> Cause | None:
    """It does not come back in time."""
    told = asked.told
    if not isinstance(told, Reason) or told.code is not None:
        return None
    return Cause(
        "framework-hangs",
        f"{asked.framework.title} was asked for its devices and did not come back.",
        (f"{asked.package} in a process of its own: {told}",),
        "A slow disk makes the first import slow: check again. Where that does not help, see what "
        "the kernel says about the GPU.",
        "sudo dmesg | grep -iE 'nvrm|xid|nvidia'",
    )
