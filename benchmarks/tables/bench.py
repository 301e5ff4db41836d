"""Tables of ``%%dlbench``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import binomtest

from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.selftest_result import SelfTest

SHORT = 1_000
"""Nanoseconds of a call; of a longer one, what is added is lost in its own noise."""


def frameworks(document: Mapping[str, Any]) -> str:
    """The same training in every framework."""
    return BenchResult.from_dict(document["result"]).to_markdown()


def self_test(document: Mapping[str, Any]) -> str:
    """What ``%dlbench --selftest`` showed."""
    return f"```text\n{str(SelfTest.from_dict(document['result'])).strip()}\n```"


def error_rates(document: Mapping[str, Any]) -> str:
    """One line per condition and kind of work."""
    lines = [
        "| condition | work | trials | faster | slower | same | noise |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each['condition']} | {each['work']} | {each['trials']} | {each['faster']} "
        f"| {each['slower']} | {each['same']} | {each['noise']:.1%} |"
        for condition in ("idle", "neighbour", "planted")
        for each in document[condition]
    ]
    return "\n".join(lines)


def side_by_side(document: Mapping[str, Any]) -> str:
    """One line per harness."""
    lines = [
        "| harness | equals called different | planted 5 % found | called faster | a trial |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['harness']} | {_share(row['called_different'], row['equal'])} "
        f"| {_share(row['found'], row['planted'])} | {row['wrong']} | {row['seconds']:.1f} s |"
        for row in document["rows"]
    ]
    return "\n".join(lines)


def _share(count: int, trials: int) -> str:
    interval = binomtest(count, trials).proportion_ci(0.95)
    return f"{count} of {trials} ({interval.low:.0%} to {interval.high:.0%})"


def harnesses(document: Mapping[str, Any]) -> str:
    """What each harness adds to a call, one line per kind of work."""
    rows = document["rows"]
    names = list(dict.fromkeys(row["harness"] for row in rows))
    lines = [f"| work | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for work in dict.fromkeys(row["workload"] for row in rows):
        cells = [_a_call(row) for row in rows if row["workload"] == work]
        lines.append(f"| {work} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _a_call(row: Mapping[str, Any]) -> str:
    if row["ratio_interval"][0] == row["ratio_interval"][1]:
        return f"{row['nanoseconds']:,.0f} ns"
    low, high = row["ratio_interval"]
    ratio = f"{row['ratio']:.2f}x ({low:.2f} to {high:.2f})"
    return f"{row['added']:+.0f} ns, {ratio}" if row["nanoseconds"] < SHORT else ratio
