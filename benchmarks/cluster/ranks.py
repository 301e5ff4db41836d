"""What our own bookkeeping costs per round at up to 1,000 ranks, and what it finds there.

Ranks are threads with injected delays: one lags by 10 %, the others scatter by 5 %. On rank 0 the
processor time of everything that is done with the words of all ranks is counted: reading them,
deciding, writing the decision; and at the end skew and straggler.
Run: ``python -m benchmarks.cluster.ranks [--write]``; takes half a minute.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.cluster.threads import Host, on_ranks
from benchmarks.recording import record
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.block import Block
from dlmagic.magics.bench.ranks.clock import RanksClock
from dlmagic.magics.bench.ranks.report import with_ranks
from dlmagic.magics.bench.result import BenchResult

SIZES = (2, 8, 64, 256, 1000)
LAG = 1.10
SCATTER = 0.05
ROUNDS = 40


@dataclass(frozen=True)
class Row:
    """One number of ranks.

    Attributes:
        ranks: How many.
        rounds: How many rounds.
        bookkeeping: Processor seconds of rank 0 per round, median: both meetings of a block.
        slowest: The largest.
        summary: Processor seconds at the end, for skew and straggler.
        straggler: Whether the rank that lags was named, and no other.
        lag: What its lag was found to be.
        json_bytes: Size of the result as JSON.
    """

    ranks: int
    rounds: int
    bookkeeping: float
    slowest: float
    summary: float
    straggler: bool
    lag: float | None
    json_bytes: int


def simulated(ranks: int, rounds: int = ROUNDS, seed: int = 0) -> tuple[list[Block], list[float]]:
    """The blocks of rank 0, and the processor time of each of its rounds."""
    hosts = [Host(delays(ranks, rank, seed)) for rank in range(ranks)]

    def work(rank: int, clock: RanksClock) -> list[Block]:
        timed = [clock.timed(hosts[rank].run, 1, dict) for _ in range(rounds)]
        return [Block(each.calls, each.seconds, by_rank=each.by_rank) for each in timed]

    blocks, square = on_ranks(hosts, work)
    pairs = zip(square.bookkeeping[::2], square.bookkeeping[1::2], strict=True)
    return blocks[0], [first + second for first, second in pairs]


def delays(ranks: int, rank: int, seed: int) -> Iterator[float]:
    """Seconds of the calls of a rank; the one in the middle lags."""
    random = np.random.default_rng([seed, rank])
    lag = LAG if rank == ranks // 2 else 1.0
    while True:
        yield 0.01 * lag * float(np.exp(random.normal(0.0, SCATTER)))


def row(ranks: int) -> Row:
    """Measure one number of ranks."""
    blocks, bookkeeping = simulated(ranks)
    median = statistics.median(block.per_call for block in blocks)
    arm = Arm(name="plain", median=median, samples=tuple(block.per_call for block in blocks))
    start = time.thread_time()
    arm = with_ranks(arm, blocks, None)
    summary = time.thread_time() - start
    assert arm.spread is not None
    return Row(
        ranks=ranks,
        rounds=len(blocks),
        bookkeeping=statistics.median(bookkeeping),
        slowest=max(bookkeeping),
        summary=summary,
        straggler=arm.spread.straggler == ranks // 2,
        lag=arm.spread.lag,
        json_bytes=len(BenchResult(arms=(arm,)).to_json()),
    )


def main() -> None:
    """Measure all, and write the figures if that is wanted."""
    options = argparse.ArgumentParser()
    options.add_argument("--write", action="store_true")
    rows = [row(ranks) for ranks in SIZES]
    for each in rows:
        print(each)
    if options.parse_args().write:
        record("cluster_ranks", ["numpy"], {"rows": [asdict(each) for each in rows]})


if __name__ == "__main__":
    main()
