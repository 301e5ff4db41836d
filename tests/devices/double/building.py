"""The C compiler makes the doubles, each once per session and generation of the driver."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.devices.double.generations import GENERATIONS

SOURCES = Path(__file__).parent
_FLAGS = ("-std=gnu11", "-O0", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread")
_MISSING = (
    "the doubles of NVIDIA's libraries need a C compiler: install gcc or clang, or name one in CC"
)


class Libraries:
    """Folders with ``libnvidia-ml.so.1`` and ``libcuda.so.1``, by generation.

    Args:
        folder: Where they are built.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[str, Path] = {}

    def of(self, generation: str) -> Path:
        """The folder for this generation, built when it is first asked for."""
        if generation not in self._built:
            self._built[generation] = self._build(generation)
        return self._built[generation]

    def _build(self, generation: str) -> Path:
        about = GENERATIONS[generation]
        folder = self._folder / generation
        folder.mkdir(parents=True)
        hidden = "".join(f"{name}; " for name in about.lacks)
        exports = folder / "exports"
        exports.write_text(f"{{ global: *; {f'local: {hidden}' if hidden else ''}}};")
        given = (f"-DPROCESS_3_BYTES={about.third_list}", f"-DOPENS_MEMORY={about.opens_memory:d}")
        versions = f"-Wl,--version-script={exports}"
        _compile("fake_nvml.c", folder / "libnvidia-ml.so.1", *given, versions)
        (folder / "libcuda.so.1").symlink_to(self._cuda())
        return folder

    def _cuda(self) -> Path:
        """The double of CUDA's library is the same for all drivers."""
        built = self._folder / "libcuda.so.1"
        if not built.exists():
            _compile("fake_cuda.c", built)
        return built


def _compile(source: str, library: Path, *more: str) -> None:
    # Without a name of its own (soname): one that this process has loaded by its path must not be
    # what a later test finds when it looks for NVIDIA's.
    command = [compiler(), *_FLAGS, "-fvisibility=hidden", *more, "-o", str(library)]
    subprocess.run([*command, str(SOURCES / source)], check=True, timeout=120)


def compiler() -> str:
    """The C compiler; without one the tests fail where they must run, and are skipped elsewhere."""
    names = (os.environ.get("CC", "cc"), "gcc", "clang")
    found = next((name for name in names if shutil.which(name)), None)
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)
