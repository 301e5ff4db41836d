"""The file of versions is written by the runs of tests, and the table made of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import IPython
import pytest

from benchmarks.tables.versions import versions
from benchmarks.versions import Run, with_run
from tests.docs.pages import ROOT

TESTS = """
import pytest
def test_one(): pass
def test_two(): pass
def test_three(): pytest.skip("why not")
def test_four(): assert False
"""


NAMED = ("Oldest, a", "Newest, a", "Newest, b")


def run(folder: Path, *options: str) -> str:
    (folder / "test_some.py").write_text(TESTS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.versions", "test_some.py"),
            *("--record-to", "versions.json", *options),
        ],
        cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.stdout


def of(name: str, part: str, **versions: str) -> Run:
    counts = {"passed": 2, "failed": 0, "skipped": 1}
    day = "2026-01-02T03:04:05+00:00"
    return {"name": name, "part": part, "created": day, "versions": versions, **counts}


@pytest.mark.parametrize("processes", [[], ["--numprocesses", "2"]])
def test_a_run_writes_what_came_of_it(tmp_path: Path, processes: list[str]) -> None:
    said = run(tmp_path, "--record-versions", "newest", "--record-part", "some", *processes)
    assert "2 passed" in said
    (written,) = json.loads((tmp_path / "versions.json").read_text())["runs"]
    assert (written["name"], written["part"]) == ("newest", "some")
    assert [written[each] for each in ("passed", "failed", "skipped")] == [2, 1, 1]
    assert written["versions"]["ipython"] == IPython.__version__
    assert "machine" not in written


def test_nothing_is_written_without_being_asked_for(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path)
    assert not (tmp_path / "versions.json").exists()


def test_parts_of_a_run_are_kept_as_long_as_versions_are_the_same() -> None:
    runs = with_run([], of("oldest", "a", numpy="1"))
    runs = with_run(runs, of("newest", "a", numpy="2"))
    runs = with_run(runs, of("newest", "b", numpy="2"))
    assert [(each["name"], each["part"]) for each in runs] == [
        ("oldest", "a"),
        ("newest", "a"),
        ("newest", "b"),
    ]
    runs = with_run(runs, of("newest", "b", numpy="3"))
    assert [each["versions"]["numpy"] for each in runs] == ["1", "3"]
    runs = with_run(runs, of("newest", "a", numpy="3") | {"commit": "later"})
    assert [(each["name"], each["part"]) for each in runs] == [("oldest", "a"), ("newest", "a")]


def test_the_table_has_a_column_for_each_environment() -> None:
    runs = [of("oldest", "a", numpy="1"), of("newest", "a", numpy="2", jax="3")]
    table = versions({"runs": [*runs, of("newest", "b", numpy="2", jax="3")]})
    assert table.splitlines() == [
        "| | oldest versions | newest versions |",
        "| --- | --- | --- |",
        "| numpy | 1 | 2 |",
        "| jax | – | 3 |",
        "| tests passed | 2 | 4 |",
        "| tests failed | 0 | 0 |",
        "| tests skipped | 1 | 2 |",
        "| which tests | a | a; b |",
        "",
        f"*{' '.join(f'{each}: run on 2 January 2026.' for each in NAMED)}*",
    ]
