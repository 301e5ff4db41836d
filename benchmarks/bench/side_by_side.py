"""Equals called different, and a planted 5 % found, on a machine that drifts: with the peers.

Every trial compares two functions on a machine that becomes 20 % slower meanwhile. In half of
the trials both do the same work; in the other half the second does 5 % more. All harnesses
take turns, in a random order, with the same seconds for each pair (pyperf takes more).
Run: ``python -m benchmarks.bench.side_by_side [--trials N] [--write]``; takes a quarter of an
hour and also writes the table of ``docs/how-sure.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binomtest

from benchmarks.peers.harnesses import HARNESSES, ROOT, collected
from benchmarks.recording import record, with_text

TRIALS = 40
SECONDS = 1.5
PLANTED = 1.05
PAGE = ROOT / "docs" / "how-sure.md"
NAME = "side by side"


@dataclass
class Row:
    """What one harness said.

    Attributes:
        harness: Its name.
        equal: Trials with equal functions.
        called_different: Those in which it called one of them faster.
        planted: Trials with a planted 5 %.
        found: Those in which it called the second one slower.
        wrong: Those in which it called the second one faster.
        seconds: A trial, mean.
    """

    harness: str
    equal: int = 0
    called_different: int = 0
    planted: int = 0
    found: int = 0
    wrong: int = 0
    seconds: float = 0.0

    def count(self, verdict: str, *, planted: bool, seconds: float) -> None:
        """Add a trial."""
        done = self.equal + self.planted
        self.seconds = (self.seconds * done + seconds) / (done + 1)
        if planted:
            self.planted += 1
            self.found += verdict == "slower"
            self.wrong += verdict == "faster"
        else:
            self.equal += 1
            self.called_different += verdict in ("faster", "slower")


def measured(trials: int, names: Iterable[str] = HARNESSES) -> list[Row]:
    """All harnesses in turns; a machine that is busy for a while hits them alike."""
    rows = {name: Row(name) for name in names}
    random = np.random.default_rng(0)
    for trial in range(trials):
        for planted in (False, True):
            for name in random.permutation(list(rows)).tolist():
                factor = PLANTED if planted else 1.0
                verdict, seconds = collected(HARNESSES[name], factor, SECONDS)
                rows[name].count(verdict, planted=planted, seconds=seconds)
        print(f"trial {trial + 1} of {trials}", end="\r", flush=True)
    return list(rows.values())


def table(rows: Iterable[Row]) -> str:
    """Markdown, one line per harness."""
    lines = [
        "| harness | equals called different | planted 5 % found | called faster | a trial |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.harness} | {_share(row.called_different, row.equal)} "
        f"| {_share(row.found, row.planted)} | {row.wrong} | {row.seconds:.1f} s |"
        for row in rows
    ]
    return "\n".join(lines)


def _share(count: int, trials: int) -> str:
    interval = binomtest(count, trials).proportion_ci(0.95)
    return f"{count} of {trials} ({interval.low:.0%} to {interval.high:.0%})"


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=TRIALS, help="with equals, and as many not")
    parser.add_argument("--write", action="store_true", help="keep the figures, mend the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = measured(options.trials)
    print(table(rows))
    if options.write:
        kept = {"seconds": SECONDS, "planted": PLANTED, "rows": [asdict(row) for row in rows]}
        record("side_by_side", ("numpy", "torch", "pyperf"), kept)
        write_table(PAGE, rows)


def write_table(page: Path, rows: Iterable[Row]) -> None:
    """Put the table in its place on a page."""
    text = page.read_text(encoding="utf-8")
    page.write_text(with_text(text, NAME, table(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
