"""A process group over two engines: up, used, interrupted, down and up again."""

from __future__ import annotations

import _thread
import signal
import threading
import time

import pytest

from dlmagic.cluster import checking, init_torch
from dlmagic.cluster.engines import Engines
from dlmagic.cluster.process_group import places_on_hosts
from dlmagic.errors import InputError, RankError
from tests.cluster.local import run, signal_to

pytestmark = pytest.mark.xdist_group("cluster")

REDUCE = """
import torch, torch.distributed as dist
total = torch.full((2,), dist.get_rank() + 1.0)
dist.all_reduce(total)
total = total.tolist()
"""
UNEQUAL = """
import time, torch, torch.distributed as dist
if dist.get_rank() == 1:
    time.sleep(100)
dist.all_reduce(torch.ones(2))
"""

REFERRING = """
import torch, torch.distributed as dist
group = dist.group.WORLD
"""


def reduces(engines: Engines) -> bool:
    run(engines, REDUCE)
    return bool(engines.client[engines.ids]["total"] == [[3.0, 3.0]] * 2)


def test_a_group_is_up_until_it_is_closed(engines: Engines) -> None:
    with init_torch(engines.client[:]) as group:
        assert reduces(engines)
        assert repr(group) == "<process group of torch.distributed: gloo, 2 ranks on 1 host>"
    with pytest.raises(RankError, match="has not been initialized"):
        run(engines, REDUCE)
    assert "closed" in repr(group)
    group.close()


def test_a_group_is_closed_although_a_collective_was_left_behind(engines: Engines) -> None:
    """As an interrupt leaves it. Models of a group refer to it, on all ranks."""
    everywhere, first = engines.client[engines.ids], engines.client[engines.ids[0]]
    with init_torch(engines.client[:], timeout=60):
        everywhere.execute(REFERRING, block=True)
        first.execute("waiting = dist.all_reduce(torch.ones(2), async_op=True)", block=True)
    started = time.monotonic()
    first.execute("del waiting, group", block=True)
    assert time.monotonic() - started < 10
    everywhere.execute("group = None", block=True)


def test_a_second_call_renews_the_group(engines: Engines) -> None:
    init_torch(engines.client[:])
    with init_torch(engines.client[:]):
        assert reduces(engines)


def test_a_rank_that_does_not_come_to_a_collective_is_named_and_the_other_set_free(
    engines: Engines,
) -> None:
    init_torch(engines.client[:])
    started = time.monotonic()
    with pytest.raises(RankError, match=r"Rank 1 of 2 .* did not finish within 2 s") as told:
        run(engines, UNEQUAL, deadline=2.0)
    assert time.monotonic() - started < 8
    assert "time.sleep(100)" in told.value.traceback
    with init_torch(engines.client[:]):
        assert reduces(engines)


def test_a_rank_that_is_stopped_in_a_collective_is_named_and_the_other_set_free(
    engines: Engines,
) -> None:
    init_torch(engines.client[:])
    signal_to(engines, 1, signal.SIGSTOP)
    try:
        with pytest.raises(RankError, match=r"Rank 1 of 2 .* its process is stopped") as told:
            run(engines, REDUCE, deadline=2.0)
        assert told.value.rank == 1
        assert engines.first.run("dlmagic.cluster.there.names:missing", {"names": []}) == [[]]
    finally:
        signal_to(engines, 1, signal.SIGCONT)
    with init_torch(engines.client[:]):
        assert reduces(engines)


def test_a_rank_that_is_killed_is_named_and_not_the_one_that_waited_for_it(
    engines: Engines,
) -> None:
    init_torch(engines.client[:])
    threading.Timer(1.0, signal_to, (engines, 1, signal.SIGKILL)).start()
    with pytest.raises(RankError, match=r"Rank 1 of 2 .* ended while it worked"):
        run(engines, UNEQUAL)


def test_an_interrupt_in_a_collective_sets_all_ranks_free(
    engines: Engines, interrupts: None
) -> None:
    init_torch(engines.client[:])
    threading.Timer(1.0, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(engines, UNEQUAL)
    assert time.monotonic() - started < 8
    with init_torch(engines.client[:]):
        assert reduces(engines)


def test_a_rank_that_does_not_answer_at_all_is_named(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(engines.hosts) == 2
    monkeypatch.setattr(checking, "PATIENCE", 1.0)
    signal_to(engines, 1, signal.SIGSTOP)
    try:
        with pytest.raises(RankError, match=r"Rank 1 of 2 has not answered for 1 s") as told:
            init_torch(engines.client[:])
    finally:
        signal_to(engines, 1, signal.SIGCONT)
    assert told.value.rank == 1
    monkeypatch.undo()
    with init_torch(engines.client[:]):
        assert reduces(engines)


def test_a_group_of_the_users_own_is_left_alone(engines: Engines) -> None:
    run(
        engines.first,
        "import torch.distributed as dist\n"
        "dist.init_process_group('gloo', store=dist.HashStore(), rank=0, world_size=1)",
    )
    with pytest.raises(InputError, match=r"have a process group already.*destroy_process_group"):
        init_torch(engines.client[:])
    run(engines.first, "dist.destroy_process_group()")


def test_places_count_from_zero_on_every_host() -> None:
    assert places_on_hosts(["a", "b", "a", "a", "b"]) == [0, 0, 1, 2, 1]
