"""What this process runs inside of: a container, or Linux below Windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dlmagic.devices.gpus.trust import read_surroundings
from dlmagic.devices.machine.roots import ROOTS, Roots, read_word

_MARKS = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
_WORDS = {"kubepods": "Kubernetes", "docker": "Docker", "libpod": "Podman", "lxc": "LXC"}
_LIBRARIES_OF_WINDOWS = "usr/lib/wsl/lib"


@dataclass(frozen=True)
class Enclosure:
    """What is around this process.

    Attributes:
        container: ``"Docker"``, ``"Podman"``, ``"Kubernetes"``, ``"LXC"``, ``"Apptainer"`` or
            ``"a container"``; None outside of any.
        wsl: Whether it runs in Linux below Windows.
        libraries_of_windows: Whether Windows has handed its driver's libraries down.
    """

    container: str | None = None
    wsl: bool = False
    libraries_of_windows: bool = False


def read_enclosure(environ: Mapping[str, str], roots: Roots = ROOTS) -> Enclosure:
    """What is around this process.

    Args:
        environ: Its environment variables.
        roots: Where Linux tells about it.
    """
    top = roots.proc / "self" / "root"
    around = read_surroundings(roots.proc)
    libraries = (top / _LIBRARIES_OF_WINDOWS / "libcuda.so.1").exists()
    # Linux below Windows gives each distribution numbers of its own, as a container has them.
    apart = around.first_namespace is False and not around.wsl
    container = _container(environ, top, roots) or ("a container" if apart else None)
    return Enclosure(container, around.wsl, libraries)


def is_mounted(file: str | None, roots: Roots = ROOTS) -> bool:
    """Whether a file was handed into this container from outside of it."""
    lines = (read_word(roots.proc / "self" / "mountinfo") or "").splitlines()
    places = [fields[4] for fields in map(str.split, lines) if len(fields) > 4]
    return file is not None and file in places


def _container(environ: Mapping[str, str], top: Path, roots: Roots) -> str | None:
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "Kubernetes"
    if "APPTAINER_CONTAINER" in environ or "SINGULARITY_CONTAINER" in environ:
        return "Apptainer"
    marked = (name for mark, name in _MARKS.items() if (top / mark).exists())
    groups = read_word(roots.proc / "self" / "cgroup") or ""
    named = (name for word, name in _WORDS.items() if f"/{word}" in groups)
    return next(chain(marked, named), None)
