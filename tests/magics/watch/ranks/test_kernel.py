"""``%watch --on`` in a real kernel, whose own cell waits for the engines meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dlmagic.cluster.engines import Engines
from tests.shell.kernels import Kernel, started_kernel

pytestmark = pytest.mark.xdist_group("cluster")

_CONNECT = """
import ipyparallel, threading, time
client = ipyparallel.Client(profile_dir={folder!r}, cluster_id={number!r})
view = client[:]
%load_ext dlmagic
"""
_LOOK_MEANWHILE = """
seen, over = [], threading.Event()
def look():
    while not over.wait(0.1):
        seen.append(session.past.samples)
threading.Thread(target=look, daemon=True).start()
"""
_TRAIN = """%%px
import time
for _ in range(15):
    train(2, x, y)
    time.sleep(0.1)
"""


@pytest.fixture
def kernel(cluster: Any, training: Engines) -> Iterator[Kernel]:
    """A notebook with a view of the engines."""
    engines = cluster.cluster
    with started_kernel() as kernel:
        connect = _CONNECT.format(folder=engines.profile_dir, number=engines.cluster_id)
        assert kernel.run(connect)["status"] == "ok", kernel.text("error")
        yield kernel


def test_what_ranks_tell_is_taken_while_their_cell_runs(kernel: Kernel) -> None:
    assert kernel.run("%watch net --on view --every 2 -q -o session")["status"] == "ok"
    kernel.run(_LOOK_MEANWHILE)
    assert kernel.run(_TRAIN)["status"] == "ok", kernel.text("error")
    kernel.run("over.set(); print(sorted(set(seen)))")
    seen = eval(kernel.text("stream"))
    assert len(seen) > 3  # a few times, and not all at the end
    assert kernel.run("result = session.stop(); result")["status"] == "ok"
    assert "in 30 steps of `net` on 2 ranks" in " ".join(kernel.text("execute_result").split())
