"""``%gpus pick --on``: every engine gets its own GPU, or none gets any."""

from __future__ import annotations

import threading
import time

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import dlmagic
from dlmagic.cluster.engines import Engines
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.turn import Turn
from dlmagic.devices.leases.values import Claim
from dlmagic.magics.gpus.ranks.pick_result import RanksPickResult, RanksReleaseResult
from dlmagic.magics.gpus.ranks.reading import report_on
from tests.cluster.local import run
from tests.devices.double.boards import GIB, Board

pytestmark = pytest.mark.xdist_group("cluster")


def visible(engines: Engines) -> list[str]:
    view = engines.client[:]
    return view.apply_sync(lambda: __import__("os").environ.get("CUDA_VISIBLE_DEVICES"))


def held(machine) -> set[str]:
    return set(LeaseFolder().holding([board.uuid for board in machine.boards]))


def taken_here(machine, gpu: int) -> Leases:
    """A lease of the notebook's own process."""
    with LeaseFolder(program="other.ipynb").turn() as turn:
        assert isinstance(turn, Turn)
        leases = turn.take([Claim(machine.boards[gpu].uuid)])
        assert isinstance(leases, Leases)
        return leases


def test_two_engines_take_two_gpus(loaded: InteractiveShell, engines: Engines, played) -> None:
    machine = played(Board(), Board(), Board(used=50 * GIB))
    loaded.user_ns["view"] = engines.client[:]
    pick = loaded.run_line_magic("gpus", "pick --on view")
    assert sorted(visible(engines)) == ["0", "1"]
    assert list(pick.visible_devices) == visible(engines)
    assert set(pick.uuids) == held(machine) == {board.uuid for board in machine.boards[:2]}
    assert pick.protected
    assert pick.device == "cuda:0"
    assert [each.rank for each in pick.ranks] == [0, 1]
    assert "Each of 2 ranks has a GPU of its own" in repr(pick)
    result = pick.result()
    assert RanksPickResult.from_json(result.to_json()) == result

    holders = LeaseFolder().holding(pick.uuids)
    assert sorted(each.program for each in holders.values()) == [
        "train.ipynb, rank 0",
        "train.ipynb, rank 1",
    ]
    seen = [gpu.why for gpu in report_on(engines).gpus[:2]]
    assert sorted(seen) == ["rank 0 has picked it", "rank 1 has picked it"]

    again = loaded.run_line_magic("gpus", "pick --on view")  # the cell is run again
    assert set(again.uuids) == set(pick.uuids)
    given = loaded.run_line_magic("gpus", "release --on view")
    assert given.released
    assert "Gave back 2 GPUs of 2 ranks." in repr(given)
    assert RanksReleaseResult.from_json(given.to_json()) == given
    assert visible(engines) == [None, None]
    assert not held(machine)
    with pytest.raises(UsageError, match="no rank has picked a GPU"):
        loaded.run_line_magic("gpus", "release --on view")


def test_several_each_and_a_block_that_gives_back(engines: Engines, played) -> None:
    machine = played(*[Board() for _ in range(4)])
    with dlmagic.pick_gpus(2, on=engines.client[:]) as pick:
        assert sorted(visible(engines)) == ["0,1", "2,3"]
        assert len(held(machine)) == 4
        assert "use `cuda:0` to `cuda:1`." in repr(pick)
    assert not held(machine)
    assert "given back" in repr(pick)


def test_one_too_few_leaves_nobody_any(loaded: InteractiveShell, engines: Engines, played) -> None:
    machine = played(Board(), Board())
    loaded.user_ns["view"] = engines.client[:]
    other = taken_here(machine, 0)
    with pytest.raises(UsageError) as raised:
        loaded.run_line_magic("gpus", "pick --on view")
    words = str(raised.value)
    assert "2 ranks want a GPU each, and only 1 of 2 GPUs is free" in words
    assert "other.ipynb" in words
    assert "--wait 10m --on view" in words
    assert held(machine) == {machine.boards[0].uuid}
    assert visible(engines) == [None, None]
    other.release()


def test_waiting_holds_nothing_meanwhile(engines: Engines, played) -> None:
    machine = played(Board(), Board())
    other = taken_here(machine, 0)
    threading.Timer(1.0, other.release).start()
    begun = time.monotonic()
    pick = dlmagic.pick_gpus(wait=20, on=engines.client[:])
    assert 0.9 < time.monotonic() - begun < 10
    assert len(set(pick.uuids)) == 2
    pick.release()


def test_cuda_that_has_started_on_one_rank(engines: Engines, played) -> None:
    machine = played(Board(), Board())
    view = engines.client[:]
    run(
        engines.first,
        "from dlmagic.magics.gpus.pick import lateness as late\n"
        "from dlmagic.devices.cuda.state import CudaState\n"
        "kept = late.read_cuda_state\n"
        "late.read_cuda_state = lambda: CudaState('initialised', (), ('PyTorch',), True)",
    )
    try:
        with pytest.raises(dlmagic.TooLateError, match=r"Rank 0 of 2 on .* by PyTorch") as raised:
            dlmagic.pick_gpus(on=view)
        assert "restart_engines" in raised.value.hint
        assert not held(machine)
    finally:
        run(engines.first, "late.read_cuda_state = kept")


def test_a_rank_that_dies_leaves_nobody_any(engines: Engines, played) -> None:
    machine = played(Board(), Board())
    run(
        engines.first,
        "from dlmagic.magics.gpus.ranks import there\n"
        "import os, signal, time\n"
        "def die(*_):\n    time.sleep(1.0)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "there.pick = die",
    )
    with pytest.raises(dlmagic.RankError, match="Rank 0 of 2"):
        dlmagic.pick_gpus(on=engines.client[:])
    assert not held(machine)
