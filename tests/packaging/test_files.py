"""The source and the wheel hold what they should, and nothing else."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

import dlmagic
from tests.packaging.conftest import ROOT, Built

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NO_GIT = "only a clone knows which files belong to the project"


def in_wheel(wheel: Path) -> set[str]:
    """Files of the package, as they are called once they are installed."""
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """Files of the project."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip(NO_GIT)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def written(built: Built) -> bytes:
    """The metadata as they are in the wheel."""
    with zipfile.ZipFile(built.wheel) as opened:
        (name,) = [each for each in opened.namelist() if each.endswith(".dist-info/METADATA")]
        return opened.read(name)


@pytest.fixture(scope="module")
def metadata(written: bytes) -> Message:
    return email.message_from_bytes(written)


def test_the_source_is_all_of_the_project(built: Built, tracked: set[str]) -> None:
    with tarfile.open(built.sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert names - {"PKG-INFO"} == tracked
    assert {"Makefile", "docs/conf.py", "constraints-floor.txt", "benchmarks/recording.py"} < names


def test_the_wheel_is_the_package_and_the_demo_notebooks(built: Built, tracked: set[str]) -> None:
    package = {name for name in tracked if name.startswith("dlmagic/")}
    demos = {f"dlmagic/{name}" for name in tracked if name.startswith("demo_notebooks/")}
    assert in_wheel(built.wheel) == package | demos
    assert {"dlmagic/py.typed", "dlmagic/magics/watch/live/live.js"} < package
    assert "dlmagic/demo_notebooks/quickstart.ipynb" in demos


def test_it_does_not_matter_whether_a_wheel_is_built_from_the_source(built: Built) -> None:
    assert in_wheel(built.wheel) == in_wheel(built.from_tree)


def test_jupyterlab_is_given_no_extension(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as opened:
        assert not [name for name in opened.namelist() if ".data/" in name or "share/" in name]


def test_tests_run_from_the_source(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    tests = ("tests/test_architecture.py", "tests/docs/test_tables.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=unpacked, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_metadata_are_valid_and_complete(written: bytes, metadata: Message) -> None:
    Metadata.from_email(written)  # raises where a field is not as it must be
    assert metadata["Name"] == "dlmagic"
    assert metadata["Version"] == dlmagic.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert set(metadata.get_all("Classifier", ())) == set(PROJECT["classifiers"])
    for version in ("3.11", "3.12", "3.13", "3.14"):
        assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert written.decode().endswith(readme)
    assert metadata["Description-Content-Type"].startswith("text/markdown")


def test_only_extras_bring_a_framework(metadata: Message) -> None:
    needed = [Requirement(each) for each in metadata.get_all("Requires-Dist", ())]
    always = {each.name for each in needed if each.marker is None}
    assert always == {Requirement(each).name for each in PROJECT["dependencies"]}
    assert not always & {"torch", "tensorflow", "jax", "numba", "keras", "matplotlib", "pandas"}
    extras = set(metadata.get_all("Provides-Extra", ()))
    assert extras == set(PROJECT["optional-dependencies"])
    brought = {name: _brought_by(name, needed) for name in extras}
    assert all(brought.values())
    assert brought["all"] == set().union(*brought.values())


def _brought_by(extra: str, needed: list[Requirement]) -> set[str]:
    with_it = [each for each in needed if each.marker and each.marker.evaluate({"extra": extra})]
    return {each.name for each in with_it}
