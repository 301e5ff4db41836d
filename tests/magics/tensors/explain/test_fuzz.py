"""Whatever was raised, wherever, and whatever the frameworks lack: explaining it raises nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlmagic.magics.tensors.explain.engine import explain, explain_or_say
from tests.magics.tensors.explain.explained import Case, name_of_cell, raised
from tests.magics.tensors.explain.fuzz import FAILING, PLACES, SETUP, cells, error_of

LEAST = 700
PARTS = 10
SHORT = 16
"""Every so many of the cells in the short form."""
MOST_SECONDS = 20
"""For one explanation on a busy machine; a value that blocks would take a minute."""
pytestmark = pytest.mark.filterwarnings("ignore")


def bear(case: Case) -> bool:
    """Explain what a cell raises; whether it raises."""
    error = error_of(case)
    if error is None:
        return False
    start = time.perf_counter()
    explain(error, name_of_cell)
    said = explain_or_say(error, name_of_cell)
    assert time.perf_counter() - start < MOST_SECONDS
    assert said.error
    assert repr(said)
    return True


def test_some_of_all_kinds() -> None:
    chosen = cells()[::SHORT]
    assert all(map(bear, chosen))
    made = [case.text for case in chosen if case.setup == SETUP]
    assert len(made) > len(FAILING)


@pytest.mark.prove
@pytest.mark.parametrize("part", range(PARTS))
def test_all_kinds_in_all_places(part: int) -> None:
    every = cells()
    assert len(every) >= LEAST + len(PLACES)
    assert all(map(bear, every[part::PARTS]))


@pytest.mark.parametrize("when", ["before", "after"])
def test_some_without_private_modules(when: str) -> None:
    check_blocked(SHORT * 4, when)


@pytest.mark.prove
@pytest.mark.parametrize("when", ["before", "after"])
def test_all_without_private_modules(when: str) -> None:
    counted = check_blocked(1, when)
    assert counted["explained"] + counted["not explained"] >= LEAST


def check_blocked(step: int, when: str) -> dict[str, int]:
    """Explain in a process whose frameworks lose their private modules."""
    pytest.importorskip("tensorflow")
    command = [sys.executable, "-m", "tests.magics.tensors.explain.blocked", str(step), when]
    root = Path(__file__).parents[4]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=1500)
    assert ran.returncode == 0, ran.stderr[-3000:]
    counted: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    assert counted["blocked"] > 1000
    assert counted["explained"] > 0
    assert counted["torch"]
    assert counted["numpy"]
    return counted


@pytest.mark.parametrize("names", ["LIAR", "gone", "strange", "layer"])
def test_hostile_values_beside_it_do_not_hide_a_mistake(names: str) -> None:
    text = f"first = {names}\nlinear = torch.nn.Linear(3, 2)\nlinear(torch.ones(2, 4))"
    found = explain(raised(Case(SETUP, text, None))[0], name_of_cell)
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code == "linear = torch.nn.Linear(4, 2)"


def test_a_very_long_text_takes_no_time_and_both_ends_are_read() -> None:
    """Errors quote others behind much text of their own."""
    text = """a, b = torch.ones(3, 4), torch.ones(5, 4)
try:
    a @ b
except RuntimeError as e:
    text = "x " * 2_000_000 + str(e)
    raise RuntimeError(text).with_traceback(e.__traceback__) from None"""
    error, _ = raised(Case(SETUP, text, None))
    start = time.perf_counter()
    found = explain(error, name_of_cell)
    assert time.perf_counter() - start < MOST_SECONDS
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "matmul-shapes"
