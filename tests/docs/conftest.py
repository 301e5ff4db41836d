"""The documentation as ``make docs`` builds it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.docs.pages import ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The pages, built once for all tests, whichever processes they run in."""
    base = tmp_path_factory.getbasetemp()
    target = (base if worker_id == "master" else base.parent) / "docs"
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            build(target.with_suffix(".unfinished")).rename(target)
    return target


def build(target: Path) -> Path:
    """Build the pages by the command of the Makefile; a warning fails it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    options = re.search(r"^SPHINX := (.*)$", makefile, re.MULTILINE)
    assert options is not None
    assert "-m sphinx $(SPHINX) docs build/docs" in makefile
    command = [sys.executable, "-m", "sphinx", *options[1].split(), "docs", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return target
