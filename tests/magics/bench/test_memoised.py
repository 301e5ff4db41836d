"""Functions that answer from memory while they are timed are told."""

from __future__ import annotations

import functools
import textwrap

import pytest

import dlmagic
from dlmagic.magics.bench.result import BenchResult


def benched(definitions: str, cell: str) -> BenchResult:
    namespace: dict[str, object] = {"__name__": "__main__", "functools": functools}
    exec(textwrap.dedent(definitions), namespace)
    return dlmagic.bench(cell, namespace=namespace, time=0.05)


MEMOISED = """
@functools.lru_cache
def square(x):
    return x * x
"""


@pytest.mark.parametrize(
    ("definitions", "cell"),
    [
        (MEMOISED, "square(3)"),
        (MEMOISED + "\ndef helper(x):\n    return square(x) + 1", "helper(3)"),
        (MEMOISED.replace("lru_cache", "cache"), "square(3)"),
        (MEMOISED, "# --- one\nsquare(3)\n# --- two\n3 * 3"),
    ],
)
def test_it_is_told_by_name(definitions: str, cell: str) -> None:
    (finding,) = [f for f in benched(definitions, cell).findings if f.kind == "memoised"]
    assert finding.message.startswith("square is memoised and answered ")
    assert finding.operands == ("square",)
    assert finding.fix is not None
    assert "square.cache_clear()" in finding.fix.text


@pytest.mark.parametrize(
    "cell",
    ["square.cache_clear()\nsquare(3)", "square.__wrapped__(3)", "3 * 3"],
)
def test_what_computes_each_time_is_not_told(cell: str) -> None:
    kinds = [finding.kind for finding in benched(MEMOISED, cell).findings]
    assert "memoised" not in kinds
