"""A first run that takes far longer than the second is told; ordinary ones are not."""

from __future__ import annotations

import re
import time

import pytest

import dlmagic
from dlmagic.finding import Finding

SLOW = """
def slow(x):
    sum(range(4_000_000))
    return x * x
"""


def found(cell: str, definitions: str = "", **names: object) -> dict[str, Finding]:
    namespace: dict[str, object] = {"__name__": "__main__", "time": time, **names}
    exec(definitions, namespace)
    result = dlmagic.bench(cell, namespace=namespace, time=0.3)
    return {finding.kind: finding for finding in result.findings}


def test_a_dictionary_of_results_that_the_first_run_fills_is_told() -> None:
    finding = found("if 3 not in known:\n    known[3] = slow(3)\nknown[3]", SLOW, known={})[
        "first-run"
    ]
    assert finding.message.startswith("The first run took much longer than the second (")
    assert "it left what the second one found" in finding.message
    assert finding.level == "warning"


@pytest.mark.parametrize(
    "cell", ["slow(3)", "known[3] = slow(3)", "known.setdefault(3, 1)", "known[4] = 1"]
)
def test_runs_that_all_take_as_long_are_not_told(cell: str) -> None:
    assert "first-run" not in found(cell, SLOW, known={})


def test_a_first_run_that_sets_something_up_is_told() -> None:
    """A module's variable, which is no state of the notebook."""
    cell = "if not hasattr(time, 'was_here'):\n    time.was_here = time.sleep(0.4)\n1"
    try:
        finding = found(cell)["first-run"]
    finally:
        del time.was_here  # type: ignore[attr-defined]
    told = re.match(r"The first run took much longer than the second \((\d+) ms", finding.message)
    assert told is not None
    assert 400 <= int(told[1]) < 1000
    assert finding.level == "hint"
    assert "first-run" not in found("time.sleep(0.01)")


def test_several_alternatives_share_a_line() -> None:
    cell = "if not hasattr(time, 'was_{0}'):\n    time.was_{0} = time.sleep(0.3)\n1"
    parts = "\n".join(f"# --- {name}\n{cell.format(name)}" for name in ("one", "two"))
    try:
        message = found(parts)["first-run"].message
    finally:
        del time.was_one, time.was_two  # type: ignore[attr-defined]
    assert re.search(r"one: \d{3} ms and", message)
    assert re.search(r"two: \d{3} ms and", message)
