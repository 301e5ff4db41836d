"""The report on each program; made once, though several tests look at it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

import dlmagic
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.result import GraphReport
from tests.magics.graphmode.corpus.program import SETUP, Program


@cache
def report_on(program: Program) -> GraphReport:
    """The report on a program whose setup stands in a file of the user's."""
    names = namespace_after(program.setup)
    return dlmagic.graphmode(program.text, namespace=names, mode=program.mode, calls=program.calls)


def namespace_after(setup: str) -> dict[str, Any]:
    """The names that a notebook has after its first cells."""
    names: dict[str, Any] = {"__name__": "__main__"}
    if "import tensorflow" in setup:
        pytest.importorskip("tensorflow")
    exec(compile(setup, _file_of(setup), "exec"), names)
    return names


def verified(report: GraphReport) -> list[Finding]:
    """The findings with a fix that was tried."""
    return [each for each in report.findings if each.fix and each.fix.status == "verified"]


@cache
def _file_of(setup: str) -> str:
    file = Path(mkdtemp()) / SETUP
    file.write_text(setup, encoding="utf-8")
    return str(file)
