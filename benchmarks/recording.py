"""Figures go to ``results/`` with what they depend on: commit, machine, versions.

The tables that are made of them are renewed on all pages of the documentation.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from benchmarks.tables import renew_pages
from benchmarks.tables.places import RESULTS
from dlmagic.environment import Environment


def record(name: str, packages: Iterable[str], figures: Mapping[str, object]) -> None:
    """Write ``results/NAME.json``, and the tables that are made of it.

    Args:
        name: Of the file.
        packages: Distributions whose versions matter.
        figures: What was measured.
    """
    document = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": {
            "platform": platform.platform(),
            "processor": Environment.capture().processor,
            "cores": os.cpu_count(),
        },
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for written in (path.relative_to(RESULTS.parents[1]), *renew_pages()):
        print(f"written: {written}")


def commit() -> str | None:
    """What is checked out; None outside of a clone."""
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
        cwd=RESULTS.parent,
    )
    return found.stdout.strip() or None
