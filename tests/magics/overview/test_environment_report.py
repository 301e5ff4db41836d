"""What a bug report needs to know, and what it must not tell."""

from __future__ import annotations

import getpass
import subprocess
import sys
from pathlib import Path

from dlmagic.magics.overview.environment_report import environment_report
from dlmagic.magics.overview.result import EnvironmentReport

SCRIPT = """
import sys
from dlmagic.magics.overview.environment_report import environment_report
found = environment_report()
repr(found), found._repr_mimebundle_()
print([name for name in ("torch", "tensorflow", "keras", "jax", "numba") if name in sys.modules])
"""


def test_it_imports_no_framework() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_variables_that_matter_are_told_and_no_others() -> None:
    found = environment_report({"OMP_NUM_THREADS": "1", "SECRET_TOKEN": "x", "HOME": "/home/me"})
    assert found.variables == {"OMP_NUM_THREADS": "1"}


def test_nothing_tells_who_the_user_is() -> None:
    told = environment_report({}).to_json() + environment_report({}).to_markdown()
    assert str(Path.home()) not in told or Path.home() == Path("/")
    assert f'"{getpass.getuser()}"' not in told


def test_markdown_holds_what_the_table_holds() -> None:
    found = environment_report({"XLA_FLAGS": "--a|b"})
    lines = found.to_markdown().splitlines()
    assert lines[:2] == ["| what | value |", "|---|---|"]
    assert len(lines) == 2 + len(found.rows())
    assert "| XLA_FLAGS | --a\\|b |" in lines
    assert all(name in repr(found) for name in found.packages)


def test_it_is_read_back() -> None:
    found = environment_report({})
    assert EnvironmentReport.from_json(found.to_json()) == found
