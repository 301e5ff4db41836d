"""What torch.compile says of its cost; Inductor's part is in test_inductor."""

from __future__ import annotations

import time

import pytest
import torch

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.torch.adapter import TorchFramework

TORCH = TorchFramework(backend="aot_eager")
ASLEEP = 0.3


def costs_of(act) -> CompileCosts:
    before = TORCH.compile_costs()
    act()
    return TORCH.compile_costs().since(before)


def test_dynamo_and_autograd_are_told_apart():
    def step():
        x = torch.ones(3, requires_grad=True)
        torch.compile(lambda v: (v * 3).sin().sum(), backend="aot_eager")(x).backward()

    torch.compile(lambda v: v + 1, backend="aot_eager")(torch.ones(2))  # it imports for seconds
    start = time.perf_counter()
    costs = costs_of(step)
    assert costs.phases.keys() == {"Dynamo", "AOTAutograd", "backend"}
    assert sum(costs.phases.values()) <= time.perf_counter() - start
    assert costs.steps == 2  # forward, and backward when it was first needed
    assert costs.cache is None


def test_time_inside_autograds_compilers_is_part_of_it():
    from torch._dynamo.backends.common import aot_autograd

    def slow(graph, inputs):
        time.sleep(ASLEEP)
        return graph.forward

    backend = aot_autograd(fw_compiler=slow)
    torch.compile(lambda v: v + 1, backend=backend)(torch.ones(2))
    costs = costs_of(lambda: torch.compile(lambda v: v * 5, backend=backend)(torch.ones(2)))
    assert ASLEEP <= costs.phases["AOTAutograd"] <= ASLEEP + 0.2
    assert costs.phases["Dynamo"] < ASLEEP


def test_nothing_compiled_costs_nothing():
    double = torch.compile(lambda v: v * 2, backend="aot_eager")
    double(torch.ones(2))
    assert costs_of(lambda: double(torch.ones(2))) == CompileCosts()


@pytest.mark.parametrize(
    ("counters", "cache"),
    [
        ({"inductor": {"fxgraph_cache_miss": 1}}, "cold"),
        ({"inductor": {"fxgraph_cache_miss": 1, "fxgraph_cache_write_error": 1}}, None),
        ({"inductor": {"fxgraph_cache_hit": 2}}, "warm"),
        ({"inductor": {"fxgraph_cache_bypass": 1}}, None),
        ({"aot_autograd": {"autograd_cache_hit": 1}}, "warm"),
        (
            {
                "inductor": {"fxgraph_cache_hit": 2},
                "aot_autograd": {"autograd_cache_saved": 1},
            },
            "cold",
        ),
    ],
)
def test_the_disk_cache_is_told_from_counters(monkeypatch, counters, cache):
    from dlmagic.frameworks.torch import _compat as compat

    monkeypatch.setattr(compat, "dynamo_counters", lambda: counters)
    assert TORCH.compile_costs().cache == cache
