"""``%%dlbench --on`` beside the same step measured by hand under torchrun."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from dlmagic.cluster import init_torch
from dlmagic.cluster.engines import Engines
from tests.cluster.local import run
from tests.magics.bench.ranks.test_engine import BY_HAND, STEP, TRAINING, on

pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.prove]

TURNS = 5
LEAST_NOISE = 1.1  # of processes that are started anew, on the quietest machine
SCRIPT = f"""
import torch.distributed as dist
dist.init_process_group("gloo")
{TRAINING}
by_hand = None
{BY_HAND}
every = [None] * dist.get_world_size()
dist.all_gather_object(every, times)
if dist.get_rank() == 0:
    import statistics
    print(statistics.median(map(max, zip(*every))))
dist.destroy_process_group()
"""


def torchrun(folder: Path) -> float:
    """Seconds a step of the slowest of two ranks, in processes that torchrun starts."""
    script = folder / "script.py"
    script.write_text(SCRIPT, "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, str(script)], capture_output=True, text=True, check=True, timeout=120
    )
    return float(done.stdout.split()[-1])


def test_a_step_of_ddp_takes_as_long_as_under_torchrun(engines: Engines, tmp_path: Path) -> None:
    """In turns; how far the runs of one kind lie apart is the noise that both have."""
    ours, theirs = [], []
    with init_torch(engines.client[list(engines.ids)]):
        run(engines, TRAINING)
        for _ in range(TURNS):
            theirs.append(torchrun(tmp_path))
            ours.append(on(engines, STEP, modes=["plain"], time=2.0).arms[0].median or 0.0)
    noise = max(LEAST_NOISE, *(max(runs) / min(runs) for runs in (ours, theirs)))
    ratio = statistics.median(ours) / statistics.median(theirs)
    assert 1 / noise <= ratio <= noise, (ours, theirs)
