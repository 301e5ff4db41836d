"""`import dlmagic` and `%load_ext dlmagic` are quick, because they import next to nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    *("torch", "tensorflow", "keras", "jax", "numba", "sklearn"),
    *("numpy", "scipy", "pandas", "matplotlib"),
    *("rich", "htpy", "anywidget", "ipywidgets", "psutil", "pynvml", "ipyparallel"),
}

LIMIT_SECONDS = 0.05
ROUNDS = 9

SHELL = (
    "from IPython.core.interactiveshell import InteractiveShell\n"
    "from traitlets.config import Config\n"
    "shell = InteractiveShell(config=Config(HistoryManager={'enabled': False}))\n"
)
LOADED = f"{SHELL}shell.run_line_magic('load_ext', 'dlmagic')\n"
TIMED = (
    f"{SHELL}import time\nstart = time.perf_counter()\n"
    "shell.run_line_magic('load_ext', 'dlmagic')\nprint(time.perf_counter() - start)"
)


def output(code: str, bytecode: Path | None = None) -> str:
    """What a fresh Python prints.

    Args:
        code: What it runs.
        bytecode: Where it keeps bytecode, as an installed package has it.
    """
    command = [sys.executable, "-c", code]
    environment = dict(os.environ)
    if bytecode is not None:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def heavy_imports(code: str) -> set[str]:
    """The heavy packages that are imported when the code has run."""
    modules = output(f"{code}\nimport sys; print(*sys.modules)").split()
    return {name.partition(".")[0] for name in modules} & HEAVY


def test_importing_the_package_imports_nothing_heavy_and_no_ipython() -> None:
    assert heavy_imports("import dlmagic") == set()
    assert "IPython" not in output("import dlmagic, sys; print(*sys.modules)").split()


def test_loading_the_extension_imports_nothing_heavy() -> None:
    assert heavy_imports(LOADED) - heavy_imports(SHELL) == set()


def test_a_heavy_import_would_be_noticed() -> None:
    assert "scipy" in heavy_imports("import scipy")


def test_loading_the_extension_is_silent() -> None:
    assert output(LOADED) == ""


def test_unused_frameworks_stay_unimported_when_names_are_listed() -> None:
    assert heavy_imports("import dlmagic; dir(dlmagic); dlmagic.Finding") == set()


@pytest.mark.alone
def test_loading_adds_at_most_50_ms_to_ipython(tmp_path: Path) -> None:
    """The median of several fresh processes; one slow start of a busy machine counts little.

    The first compiles every module, as pip does when it installs; that is not counted.
    """
    seconds = [float(output(TIMED, bytecode=tmp_path)) for _ in range(1 + ROUNDS)][1:]
    assert statistics.median(seconds) <= LIMIT_SECONDS, seconds
