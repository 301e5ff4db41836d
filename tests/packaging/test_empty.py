"""Installed without extras: everything loads, and says in one line what it lacks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlmagic.magics.overview.entries import ENTRIES
from tests.docs.test_conventions import magics
from tests.packaging.conftest import environment

# numpy and scipy are nearly two thirds of it.
LARGEST = 400_000_000
"""Bytes that everything takes which `pip install dlmagic` brings, pip itself apart."""

SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
config.InteractiveShell.colors = "nocolor"
shell = InteractiveShell.instance(config=config)
answers = []
for cell in json.load(sys.stdin):
    with capture_output() as shown:
        done = shell.run_cell(cell, store_history=True)
    answers.append([done.success, shown.stdout, shown.stderr])
frameworks = {"torch", "tensorflow", "keras", "jax", "numba"} & {*sys.modules}
print(json.dumps([answers, sorted(frameworks)]))
"""

SET_UP = (
    "%load_ext dlmagic",
    "%config DLMagic.bench_time = 0.1",
    "import numpy as np\nmodel = x = np.ones(3)",
)


@dataclass(frozen=True)
class Case:
    """What a cell comes to.

    Attributes:
        cell: The cell.
        says: Words of what it shows, or of its one line of error.
        installs: What that line says is to be installed; an empty text where the cell works.
    """

    cell: str
    says: str
    installs: str = ""


CASES = {
    "dlbench": (
        Case("%%dlbench\nx.sum()", "python takes"),
        Case("%dlbench x.sum()", "python takes"),
        Case("%%dlbench -m compile\nx.sum()", "Mode compile needs", "torch"),
        Case("%%dlbench -m graph\nx.sum()", "Mode graph needs", "tensorflow"),
        Case("%%dlbench -m jit\nx.sum()", "Mode jit needs", "jax"),
        Case("%%dlbench -m njit\nx.sum()", "Mode njit needs", "numba"),
        Case("%%dlbench --isolate\nx.sum()", "--isolate needs", "cloudpickle"),
        Case("%dlbench --on view x.sum()", "--on needs", "ipyparallel"),
    ),
    "graphmode": (
        Case("%%graphmode -m compile\ny = x + 1", "Mode compile needs", "torch"),
        Case("%%graphmode -m xla\ny = x + 1", "Mode xla needs", "tensorflow"),
        Case("%%graphmode -m jit\ny = x + 1", "Mode jit needs", "jax"),
        Case("%%graphmode -m njit\ny = x + 1", "Mode njit needs", "numba"),
    ),
    "autograd": (
        Case("%%autograd\ny = x + 1", "none of them is imported", "torch"),
        Case("%autograd x", "none of them is imported", "torch"),
    ),
    "tensors": (
        Case("%tensors", "ndarray"),
        Case("%%tensors\ny = x + 1", "No mistake was seen"),
        Case("%%tensors --on view\ny = 1", "--on needs", "ipyparallel"),
    ),
    "explain": (
        Case("x + np.ones(4)", "could not be broadcast together"),
        Case("%explain", "axes are paired"),
    ),
    "gpus": (
        Case("%gpus", "linear algebra"),
        Case("%gpus check torch", "%pip install torch"),
        Case("%gpus --on view", "--on needs", "ipyparallel"),
        Case("%gpus pick --on view", "--on needs", "ipyparallel"),
    ),
    "watch": (
        Case("%watch", "No model is watched"),
        Case("%watch model", "not a model", "torch"),
        Case("%%watch model\ny = x + 1", "not a model", "torch"),
        Case("%watch model --on view", "--on needs", "ipyparallel"),
    ),
    "unwatch": (Case("%unwatch", "No model is watched"),),
    "summary": (Case("%summary model", "not a model", "torch"),),
    "dlmagic": (
        Case("%dlmagic", "%%dlbench"),
        Case("%dlmagic env", "not installed"),
        Case("%dlmagic demo", "%dlmagic demo quickstart"),
    ),
}
Answer = tuple[bool, str, str]


def cells() -> list[str]:
    return [*SET_UP, *(case.cell for cases in CASES.values() for case in cases)]


@pytest.fixture(scope="module")
def shell(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Answer], list[str]]:
    """What all cells came to in one real IPython, and the frameworks that it has imported."""
    done = subprocess.run(
        [empty / "bin" / "python", "-c", SHELL],
        input=json.dumps(cells()), capture_output=True, text=True, timeout=300,
        cwd=tmp_path_factory.mktemp("work"), env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers, frameworks = json.loads(done.stdout)
    return [tuple(each) for each in answers], frameworks


@pytest.fixture(scope="module")
def answer(shell: tuple[list[Answer], list[str]]) -> Callable[[str], Answer]:
    """What a cell came to."""
    return dict(zip(cells(), shell[0], strict=True)).__getitem__


def test_loading_is_silent(answer: Callable[[str], Answer]) -> None:
    assert [answer(cell) for cell in SET_UP] == [(True, "", "")] * len(SET_UP)


def test_every_magic_has_a_case() -> None:
    assert {name for _, name, _ in magics()} == set(CASES) == {entry.name for entry in ENTRIES}
    for kind, name, _ in magics():
        sign = "%%" if kind == "cell" else "%"
        begins = f"{sign}{name}"
        assert any(case.cell.split()[0] == begins for case in CASES[name]), begins


@pytest.mark.parametrize("name", CASES)
def test_each_magic_works_or_names_what_it_lacks(
    answer: Callable[[str], Answer], name: str
) -> None:
    for case in CASES[name]:
        success, output, errors = answer(case.cell)
        assert case.says in output + errors, (case.cell, output, errors)
        if case.installs:
            assert not success
            assert not output
            assert errors.startswith("UsageError: ")
            assert len(errors.strip().splitlines()) == 1
            assert errors.strip().endswith(f"pip install {case.installs}")


def test_no_framework_is_there(shell: tuple[list[Answer], list[str]]) -> None:
    assert shell[1] == []


def test_a_plain_terminal_shows_the_overview(empty: Path) -> None:
    done = subprocess.run(
        [empty / "bin" / "ipython", "--no-banner", "-c", "%load_ext dlmagic\n%dlmagic"],
        capture_output=True, timeout=60,
        env={**environment(), "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    shown = done.stdout.decode("ascii")
    assert done.returncode == 0, done.stderr
    assert "How fast is this cell in every execution mode" in shown
    assert "\x1b" not in shown.partition("dlmagic 0")[2]


def test_a_script_has_the_functions(empty: Path) -> None:
    code = (
        "import dlmagic, numpy\n"
        "x = numpy.ones(3)\n"
        "print(dlmagic.bench('x.sum()', time=0.1))\n"
        "print(dlmagic.tensors())\n"
        "print(dlmagic.gpus())"
    )
    done = subprocess.run(
        [empty / "bin" / "python", "-c", code],
        capture_output=True, text=True, timeout=60, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert all(said in done.stdout for said in ("python takes", "ndarray", "This machine"))


def test_what_is_installed_stays_light(empty: Path) -> None:
    (packages,) = (empty / "lib").glob("python*/site-packages")
    there_before = {"pip", "setuptools", "_distutils_hack"}
    files = [
        file
        for file in packages.rglob("*")
        if file.is_file()
        and file.relative_to(packages).parts[0].partition("-")[0] not in there_before
    ]
    assert sum(file.stat().st_size for file in files) < LARGEST
