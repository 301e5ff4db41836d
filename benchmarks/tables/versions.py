"""The table of versions on which the tests ran."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

Run = Mapping[str, Any]


def versions(document: Mapping[str, Any]) -> str:
    """A column for each environment: its versions, and how many tests passed on them."""
    runs: dict[str, list[Run]] = {}
    for run in document["runs"]:
        runs.setdefault(run["name"], []).append(run)
    lines = ["| | " + " | ".join(f"{name} versions" for name in runs) + " |"]
    lines.append("| --- |" + " --- |" * len(runs))
    packages = dict.fromkeys(name for run in document["runs"] for name in run["versions"])
    for package in packages:
        found = [parts[0]["versions"].get(package, "–") for parts in runs.values()]
        lines.append(f"| {_NAMES.get(package, package)} | {' | '.join(found)} |")
    for outcome in ("passed", "failed", "skipped"):
        counts = [str(sum(part[outcome] for part in parts)) for parts in runs.values()]
        lines.append(f"| tests {outcome} | {' | '.join(counts)} |")
    which = ["; ".join(part["part"] for part in parts) for parts in runs.values()]
    lines.append(f"| which tests | {' | '.join(which)} |")
    return "\n".join([*lines, "", f"*{' '.join(_made(run) for run in document['runs'])}*"])


_NAMES = {"python": "Python", "ipython": "IPython"}


def _made(run: Run) -> str:
    day = datetime.datetime.fromisoformat(run["created"])
    return f"{run['name'].capitalize()}, {run['part']}: run on {day.day} {day:%B %Y}."
