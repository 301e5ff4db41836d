"""A sweep leaves names, weights and generators as they were, however it ends."""

from __future__ import annotations

from types import ModuleType

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.values import read_sweep
from tests.cell import worlds
from tests.cell.test_restore import fingerprint
from tests.magics.bench.test_restored import Tell, interrupting_at_call

SETUP = """import random
import numpy as np
import torch
torch.manual_seed(0)
rng = np.random.default_rng(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout())
optimizer = torch.optim.Adam(model.parameters())
history = [0.5]
n = 3"""
CELL = """seen = torch.randn(n, 8) + float(rng.random()) + random.random()
{more}
# --- step
optimizer.zero_grad()
loss = model(seen).square().mean()
loss.backward()
optimizer.step()
history.append(loss.item())
n += 1
{inside}
# --- forward
model(seen).sum()"""


def sweep(
    here: worlds.World,
    more: str = "",
    inside: str = "",
    tell: Tell = len,
    modes: tuple[str, ...] = ("eager",),
) -> BenchResult:
    request = Request(
        CellSource.from_text(CELL.format(more=more, inside=inside)),
        here.shell.user_ns,
        modes=modes,
        sweep=read_sweep("n=4,8,16"),
        seconds=0.8 * len(modes),
    )
    return bench_cell(request, Surroundings(StreamOutput(), tell))


def statuses(result: BenchResult) -> list[str]:
    assert result.sweep is not None
    return [point.status for point in result.sweep.points]


def interrupting_at_step(step: str) -> Tell:
    def tell(line: str) -> None:
        if step in line:
            raise KeyboardInterrupt

    return tell


def test_nothing_differs_after_a_sweep() -> None:
    with worlds.world() as here:
        assert here.run("set-up", SETUP) is None
        calls = here.shell.user_ns["calls"] = ModuleType("calls")
        before = fingerprint(here)
        assert statuses(sweep(here, modes=("eager", "trace"))) == ["ok"] * 3
        assert before.differences(fingerprint(here)) == []

        failing = sweep(here, more="if n == 8: raise MemoryError(model[0].weight.mul_(2).shape)")
        assert statuses(failing) == ["ok", "failed", "ok"]
        assert before.differences(fingerprint(here)) == []

        failing = sweep(here, inside="assert n != 9, 'too many'")
        assert statuses(failing) == ["ok", "failed", "ok"]
        assert before.differences(fingerprint(here)) == []

        for step in ("n = 4 (1 of 3): round 1", "n = 8 (2 of 3): first run of forward"):
            assert sweep(here, tell=interrupting_at_step(step)).partial
            assert before.differences(fingerprint(here)) == []

        calls.count = interrupting_at_call(3)  # type: ignore[attr-defined]
        partial = sweep(here, inside="if n == 9: calls.count()")
        assert statuses(partial) == ["ok", "skipped", "skipped"]
        assert before.differences(fingerprint(here)) == []


def test_a_name_that_was_not_there_goes_away() -> None:
    with worlds.world() as here:
        assert here.run("set-up", f"{SETUP}\ndel n") is None
        before = fingerprint(here)
        failing = sweep(here, more="if n == 8: raise MemoryError")
        assert statuses(failing) == ["ok", "failed", "ok"]
        assert before.differences(fingerprint(here)) == []
