"""Which tests passed on which versions: a plugin of pytest, and the file that it writes.

``pytest -p benchmarks.versions --record-versions oldest`` adds its run to the file in ``results/``.
Without the option nothing is written. Runs of one name on the same versions are parts of one.
"""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from benchmarks.recording import commit
from benchmarks.tables import renew_pages
from benchmarks.tables.places import RESULTS

PACKAGES = (
    "ipython", "ipykernel", "ipywidgets", "anywidget", "numpy", "scipy", "psutil",
    "torch", "tensorflow-cpu", "keras", "jax", "numba", "ipyparallel",
)  # fmt: skip
OUTCOMES = {"passed": ("passed",), "failed": ("failed", "error"), "skipped": ("skipped",)}
FILE = RESULTS / "versions.json"

Run = dict[str, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Called by pytest."""
    group = parser.getgroup("versions")
    group.addoption("--record-versions", metavar="NAME", help="what to call this run, or its whole")
    group.addoption("--record-to", metavar="FILE", type=Path, default=FILE, help="another file")
    group.addoption("--record-part", metavar="WORDS", default="all", help="which tests it has")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Called by pytest at the end, of several processes by the one that has started them."""
    name = config.getoption("--record-versions")
    if name is None:
        return
    counts = {
        outcome: sum(len(terminalreporter.stats.get(kind, ())) for kind in kinds)
        for outcome, kinds in OUTCOMES.items()
    }
    file: Path = config.getoption("--record-to")
    known = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else ()
    runs = with_run(known, this_run(name, config.getoption("--record-part"), counts))
    file.write_text(json.dumps({"runs": runs}, indent=2) + "\n", encoding="utf-8")
    for written in (file.name, *(renew_pages() if file == FILE else ())):
        terminalreporter.write_line(f"written: {written}")


def this_run(name: str, part: str, counts: Mapping[str, int]) -> Run:
    """A run of tests in this environment."""
    return {
        "name": name,
        "part": part,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **_installed()},
        **counts,
    }


def _installed() -> Mapping[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def with_run(known: Iterable[Run], run: Run) -> list[Run]:
    """All runs with a new one, which replaces what it does not go together with."""
    kept = [each for each in known if each["name"] != run["name"] or _goes_together(each, run)]
    return sorted([*kept, run], key=lambda each: each["name"], reverse=True)


def _goes_together(one: Run, other: Run) -> bool:
    """Whether they are parts of one run: a part of older code may have got another name since."""
    same = ("versions", "commit")
    return one["part"] != other["part"] and all(one.get(key) == other.get(key) for key in same)
