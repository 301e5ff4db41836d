"""Figures go to ``results/`` with what they depend on: commit, machine, versions."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def record(name: str, packages: Iterable[str], figures: Mapping[str, object]) -> None:
    """Write ``results/NAME.json``.

    Args:
        name: Of the file.
        packages: Distributions whose versions matter.
        figures: What was measured.
    """
    document = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "platform": platform.platform(),
            "processor": platform.processor() or platform.machine(),
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
    print(f"written to {path}")


def with_text(page: str, name: str, text: str) -> str:
    """A page with a text in its place: between the comments ``<!-- NAME -->`` and ``<!-- end -->``.

    Raises:
        ValueError: The page has no such place.
    """
    before, begin, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise ValueError(f"The page has no place called {name!r}.")
    return f"{before}{begin}{text.strip()}\n{end}{after}"


def _commit() -> str | None:
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
        cwd=RESULTS.parent,
    )
    return found.stdout.strip() or None
