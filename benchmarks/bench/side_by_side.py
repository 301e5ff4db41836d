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

import numpy as np
import torch

from benchmarks.peers.harnesses import HARNESSES, collected
from benchmarks.recording import record
from benchmarks.tables.bench import side_by_side

TRIALS = 40
SECONDS = 1.5
PLANTED = 1.05


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


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=TRIALS, help="with equals, and as many not")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = measured(options.trials)
    kept = {"seconds": SECONDS, "planted": PLANTED, "rows": [asdict(row) for row in rows]}
    print(side_by_side(kept))
    if options.write:
        record("side_by_side", ("numpy", "torch", "pyperf"), kept)


if __name__ == "__main__":
    main()
