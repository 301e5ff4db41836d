"""What an engine says about itself, before anything of dlmagic is known to be there.

The text of this file travels and is run by the engine's Python, whatever its version: it needs
the standard library alone, and no syntax that is younger than Python 3.8.
"""

import importlib
import importlib.metadata
import os
import platform
import sys


def facts(packages):  # type: ignore[no-untyped-def]
    """Host, process, Python, dlmagic and the versions of some packages, as plain data.

    Args:
        packages: Names of packages, as pip knows them.
    """
    return {
        "host": platform.node(),
        "process": os.getpid(),
        "python": list(sys.version_info[:3]),
        "dlmagic": _version_of_dlmagic(),  # type: ignore[no-untyped-call]
        "packages": {name: _version(name) for name in packages},  # type: ignore[no-untyped-call]
    }


def _version_of_dlmagic():  # type: ignore[no-untyped-def]
    """Of the one that an import finds; it need not be the one that pip installed."""
    try:
        return importlib.import_module("dlmagic").__version__
    except Exception:
        return None


def _version(name):  # type: ignore[no-untyped-def]
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
