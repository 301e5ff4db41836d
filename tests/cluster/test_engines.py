"""Work on a real cluster of two engines, and what is told when one of them is in trouble."""

from __future__ import annotations

import _thread
import signal
import threading
import time

import pytest

from dlmagic.cluster.engines import Engines
from dlmagic.errors import CellError, RankError
from tests.cluster.local import run, signal_to

pytestmark = pytest.mark.xdist_group("cluster")


def works(engines: Engines) -> bool:
    """Whether all engines take part in a task and have answered."""
    return engines.run("dlmagic.cluster.there.names:missing", {"names": ["nowhere"]}) == [
        ["nowhere"],
        ["nowhere"],
    ]


def test_a_cell_runs_in_the_namespace_of_every_engine(engines: Engines) -> None:
    run(engines, "import os\nprocess = os.getpid()")
    assert engines.client[:]["process"] == [facts.process for facts in engines.facts]
    assert len(set(engines.hosts)) == 1


def test_an_exception_is_told_with_its_rank_and_its_own_traceback(engines: Engines) -> None:
    engines.client[:].scatter("rank", [0, 1], flatten=True)
    with pytest.raises(RankError, match=r"Rank 1 of 2 on .* failed: ZeroDivisionError") as told:
        run(engines, "import time\nif rank == 1:\n    1 / 0\ntime.sleep(100)")
    assert told.value.rank == 1
    assert "line 3" in told.value.traceback
    assert "    1 / 0" in told.value.traceback
    assert "dlmagic/" not in told.value.traceback
    assert works(engines)


def test_an_interrupt_that_comes_late_does_not_hit_the_next_task(engines: Engines) -> None:
    engines.client[:].scatter("rank", [0, 1], flatten=True)
    for pause in (0.0, 0.001, 0.003, 0.01, 0.03):
        with pytest.raises(RankError, match="Rank 0 of 2"):
            run(engines, f"import time\nif rank == 0:\n    1 / 0\ntime.sleep({pause})")
        run(engines, "import time\ntime.sleep(0.1)")


def test_a_rank_without_memory_is_told_like_any_exception(engines: Engines) -> None:
    engines.client[:].scatter("rank", [0, 1], flatten=True)
    with pytest.raises(RankError, match=r"Rank 0 of 2 .* failed: .*[Aa]llocate") as told:
        run(engines, "import numpy as np\nif rank == 0:\n    np.ones(2**58)\n")
    assert "np.ones(2**58)" in told.value.traceback
    assert works(engines)


def test_a_slip_that_all_ranks_tell_stays_the_same_error(engines: Engines) -> None:
    with pytest.raises(CellError, match="await"):
        run(engines, "await something()")
    assert works(engines)


@pytest.mark.parametrize("waiting", ["time.sleep(100)", "threading.Event().wait()"])
def test_a_rank_that_waits_for_ever_is_named_within_the_deadline(
    engines: Engines, waiting: str
) -> None:
    engines.client[:].scatter("rank", [0, 1], flatten=True)
    assert works(engines)
    started = time.monotonic()
    with pytest.raises(RankError, match=r"Rank 1 of 2 .* did not finish within 2 s") as told:
        run(engines, f"import time, threading\nif rank == 1:\n    {waiting}", deadline=2.0)
    assert time.monotonic() - started < 6
    assert waiting in told.value.traceback
    assert works(engines)


def test_a_stopped_engine_is_named_within_the_deadline_and_of_use_once_it_goes_on(
    engines: Engines,
) -> None:
    assert works(engines)
    signal_to(engines, 1, signal.SIGSTOP)
    started = time.monotonic()
    try:
        with pytest.raises(RankError, match=r"Rank 1 of 2 .* its process is stopped") as told:
            run(engines, "1 + 1", deadline=1.0)
    finally:
        signal_to(engines, 1, signal.SIGCONT)
    assert told.value.rank == 1
    assert time.monotonic() - started < 10
    assert works(engines)


def test_an_engine_that_is_killed_is_named_at_once(engines: Engines) -> None:
    assert works(engines)
    threading.Timer(1.0, signal_to, (engines, 1, signal.SIGKILL)).start()
    started = time.monotonic()
    with pytest.raises(RankError, match=r"Rank 1 of 2 .* ended while it worked") as told:
        run(engines, "import time\ntime.sleep(100)")
    assert told.value.rank == 1
    assert time.monotonic() - started < 15
    with pytest.raises(RankError, match=r"Rank 1 of 2 has ended since .*restart_engines_sync"):
        works(engines)


def test_an_interrupt_reaches_all_engines(engines: Engines, interrupts: None) -> None:
    assert works(engines)
    threading.Timer(1.0, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(engines, "import time\ntime.sleep(100)")
    assert time.monotonic() - started < 10
    assert works(engines)
