"""What ``build`` makes of the project, and an environment with nothing but that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
MINUTES = 600
"""Seconds for what waits for the package index."""
_UNREACHED = re.compile("NewConnectionError|NameResolutionError|ConnectTimeout")


@dataclass(frozen=True)
class Built:
    """Files that can be installed.

    Attributes:
        sdist: The source.
        wheel: What was built from the source.
        from_tree: What was built from the working tree.
    """

    sdist: Path
    wheel: Path
    from_tree: Path


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Lets a folder of this name be filled, once for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def once(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / name
        done = folder.with_suffix(".done")
        with FileLock(folder.with_suffix(".lock")):
            if not done.exists():
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return once


def run(*command: object) -> None:
    """Run a command, and show what it says if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=MINUTES, env=environment()
    )
    said = done.stdout + done.stderr
    if done.returncode and _UNREACHED.search(said) and not os.environ.get("CI"):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, said[-3000:]


def environment() -> dict[str, str]:
    """Without what would let an interpreter find this checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="session")
def built(once: Once) -> Built:
    """The project, built as its makers build it."""

    def build(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--outdir", folder / "released", ".")
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "tree", ".")

    folder = once("built", build)
    (sdist,) = (folder / "released").glob("*.tar.gz")
    (wheel,) = (folder / "released").glob("*.whl")
    (from_tree,) = (folder / "tree").glob("*.whl")
    return Built(sdist, wheel, from_tree)


@pytest.fixture(scope="session")
def empty(built: Built, once: Once) -> Path:
    """An environment with the wheel, what it depends on, and no extra."""

    def install(folder: Path) -> None:
        run(sys.executable, "-m", "venv", folder / "environment")
        pip = (folder / "environment" / "bin" / "python", "-m", "pip", "--quiet")
        # Most of what is installed is never imported: to compile it would take half a minute.
        run(*pip, "install", "--no-compile", "--constraint", CONSTRAINTS, built.wheel)

    return once("empty", install) / "environment"
