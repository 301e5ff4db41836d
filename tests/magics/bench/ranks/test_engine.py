"""``%%dlbench --on`` on a real cluster of two engines."""

from __future__ import annotations

import _thread
import statistics
import threading
import time
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic import bench
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.cluster import init_torch
from dlmagic.cluster.engines import Engines
from dlmagic.errors import InputError, OptionError, RankError
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from tests.cluster.local import run

pytestmark = pytest.mark.xdist_group("cluster")

TRAINING = """
import time
import torch, torch.distributed as dist
from torch.nn.functional import cross_entropy
torch.set_num_threads(1)
torch.manual_seed(0)
layers = torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*layers))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.manual_seed(dist.get_rank())
loss = None
images, labels = torch.randn(64, 64), torch.randint(10, (64,))
"""
STEP = """
optimizer.zero_grad()
loss = cross_entropy(model(images), labels)
loss.backward()
optimizer.step()
loss
"""
BY_HAND = """
def step():
    optimizer.zero_grad()
    cross_entropy(model(images), labels).backward()
    optimizer.step()

def by_hand(blocks, calls):
    times = []
    for _ in range(blocks):
        step()
        dist.barrier()
        start = time.perf_counter()
        for _ in range(calls):
            step()
        times.append((time.perf_counter() - start) / calls)
    return times

times = by_hand(20, 5)
"""


def on(engines: Engines, text: str, **options: Any) -> BenchResult:
    view = engines.client[list(engines.ids)]
    return bench(text, namespace={}, on=view, **{"time": 1.0, **options})


def test_a_cell_is_timed_on_all_ranks_at_once(engines: Engines) -> None:
    run(engines, "import numpy as np\nx = np.ones((64, 64))")
    result = on(engines, "x @ x")
    (arm,) = result.arms
    assert arm.status == "ok"
    assert result.hosts == engines.hosts
    assert [len(samples) for samples in arm.ranks] == [result.rounds] * 2
    slowest = [max(pair) for pair in zip(*arm.ranks, strict=True)]
    assert arm.samples == pytest.approx(slowest, rel=1e-6)
    assert arm.spread is not None
    assert arm.spread.throughput == pytest.approx(2 / (arm.median or 0.0))
    assert arm.spread.alone
    assert arm.spread.why_no_communication == "no framework tells what the ranks communicate"
    assert BenchResult.from_json(result.to_json()) == result
    assert "2 ranks on 1 host together" in repr(result)


def test_alternatives_are_compared_by_their_slowest_ranks(engines: Engines) -> None:
    run(engines, "import time")
    engines.client[list(engines.ids)].scatter("rank", [0, 1], flatten=True)
    cell = "# --- even\ntime.sleep(0.004)\n# --- uneven\ntime.sleep(0.001 + 0.006 * rank)"
    result = on(engines, cell, time=2.0)
    assert result["uneven"].verdict == "slower"
    spread = result["uneven"].spread
    assert spread is not None
    assert spread.straggler == 1
    assert spread.lag_seen == "time"
    assert spread.skew == pytest.approx(0.006, rel=0.3)
    assert "Rank 1 is the straggler" in repr(result)
    assert result["uneven"].samples == pytest.approx(result["uneven"].ranks[1], rel=0.2)


def test_nothing_is_left_changed_on_the_engines(engines: Engines) -> None:
    run(engines, "number, rows = 1, [1, 2]")
    on(engines, "number = number + 1\nrows.append(3)\nrows.pop()\nnumber")
    view = engines.client[list(engines.ids)]
    assert (view["number"], view["rows"]) == ([1, 1], [[1, 2], [1, 2]])


def test_a_step_of_ddp_communicates_and_trains_as_without_us(engines: Engines) -> None:
    with init_torch(engines.client[list(engines.ids)]):
        run(engines, TRAINING)
        (arm,) = on(engines, STEP, modes=["eager"], time=2.0).arms
        spread = arm.spread
        assert spread is not None
        assert spread.communication is not None
        assert 0.01 < spread.communication < 1
        assert len(spread.communication_by_rank) == 2
        assert spread.alone
        assert spread.efficiency
        assert arm.agrees is True
        _gradients_are_equal(engines)


@pytest.mark.alone
def test_a_step_of_ddp_takes_as_long_as_measured_by_hand(engines: Engines) -> None:
    """In turns: ranks wait for each other, so that whatever else runs makes one side slower."""
    with init_torch(engines.client[list(engines.ids)]):
        run(engines, TRAINING)
        ours, by_hand = [], [_by_hand(engines)]
        for _ in range(3):
            ours.append(on(engines, STEP, modes=["eager"], time=1.0).arms[0].median or 0.0)
            by_hand.append(_by_hand(engines))
    assert min(by_hand) * 0.6 < statistics.median(ours) < max(by_hand) * 1.6, (ours, by_hand)


def _by_hand(engines: Engines) -> float:
    """The slowest rank's median, as a script for torchrun would take it."""
    run(engines, BY_HAND)
    rounds = zip(*engines.client[list(engines.ids)]["times"], strict=True)
    return statistics.median(map(max, rounds))


def _gradients_are_equal(engines: Engines) -> None:
    run(engines, STEP + "gradients = [p.grad.flatten().tolist() for p in model.parameters()]")
    first, second = engines.client[list(engines.ids)]["gradients"]
    assert first == second


def test_a_rank_that_others_wait_for_in_collectives_is_the_straggler(engines: Engines) -> None:
    view = engines.client[list(engines.ids)]
    with init_torch(view):
        run(engines, TRAINING)
        result = on(engines, f"time.sleep(0.02 * dist.get_rank())\n{STEP}", modes=["plain"], time=3)
        spread = result.arms[0].spread
        assert spread is not None
        assert (spread.straggler, spread.lag_seen) == (1, "waiting")
        assert "the others wait for it in collectives" in repr(result)


def test_collectives_outside_of_ddp_leave_no_rank_alone(engines: Engines) -> None:
    view = engines.client[list(engines.ids)]
    with init_torch(view):
        run(engines, "import torch, torch.distributed as dist\nvalues = torch.ones(1000)")
        result = on(engines, "dist.all_reduce(values)\nvalues.mul_(0.5)", modes=["plain"])
        spread = result.arms[0].spread
        assert spread is not None
        assert spread.alone is None
        assert "outside of DistributedDataParallel" in spread.why_no_efficiency
        assert "No scaling efficiency: the cell communicates outside" in repr(result)


JAX = """
import os
os.environ['JAX_PLATFORMS'] = 'cpu'
import jax.numpy as jnp
x = jnp.ones((64, 64))
"""
TENSORFLOW = "import tensorflow as tf\nx = tf.ones((64, 64))"


@pytest.mark.parametrize(
    ("setup", "modes"), [(JAX, ["eager", "jit"]), (TENSORFLOW, ["eager", "graph"])]
)
def test_jax_and_tensorflow_run_as_independent_replicas(
    engines: Engines, setup: str, modes: list[str]
) -> None:
    run(engines, setup, deadline=120.0)
    result = on(engines, "x @ x", modes=modes)
    assert [arm.status for arm in result.arms] == ["ok", "ok"]
    assert result.arms[1].agrees is True
    assert [len(arm.ranks) for arm in result.arms] == [2, 2]


def test_an_exception_of_one_rank_ends_it_for_all(engines: Engines) -> None:
    engines.client[list(engines.ids)].scatter("rank", [0, 1], flatten=True)
    with pytest.raises(RankError, match=r"Rank 1 of 2 .* failed: ZeroDivisionError") as told:
        on(engines, "1 / (1 - rank)")
    assert "line 1" in told.value.traceback
    on(engines, "rank + 1", time=0.2)


def test_who_is_left_alone_in_a_backward_pass_is_not_the_culprit(engines: Engines) -> None:
    with init_torch(engines.client[list(engines.ids)]):
        run(engines, TRAINING)
        wrong = STEP.replace("labels)", "labels if dist.get_rank() == 0 else labels[[99]])")
        with pytest.raises(RankError, match=r"Rank 1 of 2 .* failed: IndexError"):
            on(engines, wrong)


def test_a_rank_that_hangs_is_named_within_the_patience(engines: Engines) -> None:
    engines.client[list(engines.ids)].scatter("rank", [0, 1], flatten=True)
    on(engines, "rank + 1", time=0.2)  # a new engine imports for longer than the patience below
    source = CellSource.from_text("import time\nif rank:\n    time.sleep(100)")
    request = Request(source, {}, on=engines.client[list(engines.ids)], patience=5.0)
    started = time.monotonic()
    with pytest.raises(RankError, match="Rank 1 of 2") as told:
        bench_cell(request, Surroundings(StreamOutput()))
    assert time.monotonic() - started < 25
    assert "time.sleep(100)" in told.value.traceback
    on(engines, "rank + 1", time=0.2)


def test_an_interrupt_leaves_a_partial_result(engines: Engines, interrupts: None) -> None:
    """A call takes as long as chance has it: a time that is known well would end it sooner."""
    run(engines, "import time")
    on(engines, "time.sleep(0)", time=0.2)
    threading.Timer(2.0, _thread.interrupt_main).start()
    cell = "time.sleep(time.perf_counter_ns() // 100 % 10 / 1000)"
    result = on(engines, cell, time=60.0)
    assert result.partial
    assert result.rounds > 0
    assert result.seconds < 20
    assert result.arms[0].spread is not None


def test_a_name_that_exists_only_here_is_refused(engines: Engines) -> None:
    view = engines.client[list(engines.ids)]
    with pytest.raises(InputError, match=r"uses only_here, which exists only.*%px only_here = 3"):
        bench("only_here + 1", namespace={"only_here": 3}, on=view)


@pytest.mark.parametrize("option", ["memory", "flops", "energy", "cold", "isolate"])
def test_options_about_one_process_are_refused(engines: Engines, option: str) -> None:
    with pytest.raises(OptionError, match=f"--on and --{option} do not go together"):
        on(engines, "1 + 1", **{option: True})


def test_functions_are_not_on_the_engines(engines: Engines) -> None:
    with pytest.raises(InputError, match=r"Define them there with %%px"):
        bench(len, args=["text"], on=engines.client)


def test_the_magic_takes_the_name_of_a_view(
    engines: Engines, loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded.push({"view": engines.client[list(engines.ids)]})
    cell = "print('hello')\nsum(range(100))"
    result = loaded.run_cell_magic("dlbench", "--on view -t 0.5", cell)
    assert result.hosts == engines.hosts
    assert capsys.readouterr().out.count("hello") == 1
    with pytest.raises(Exception, match=r"no view called veiw. Did you mean view"):
        loaded.run_cell_magic("dlbench", "--on veiw", cell)
