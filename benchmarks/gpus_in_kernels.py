"""What ``%gpus`` and ``%gpus live`` cost in real kernels."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.shell.kernels import Kernel, started_kernel

KERNELS, WARM = 7, 10
LOOK = """
from time import perf_counter
begun = perf_counter()
found = get_ipython().run_line_magic("gpus", "")
found._repr_mimebundle_()
print(perf_counter() - begun, found.missing != "")
"""
SHARE = """
import time
begun, used = time.monotonic(), time.process_time()
time.sleep(5)
print((time.process_time() - used) / (time.monotonic() - begun))
"""


@contextmanager
def surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Kernels that are started within have these variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def without_gpu() -> dict[str, float]:
    """Seconds of ``%gpus`` with its output, the first in a kernel and later ones; medians."""
    first, later = [], []
    for _ in range(KERNELS + 1):
        with started_kernel() as kernel:
            kernel.run("%load_ext dlmagic")
            first.append(looked(kernel))
            later += [looked(kernel) for _ in range(WARM)]
    # The first kernel of all may have had to compile modules.
    return {"first": statistics.median(first[1:]), "later": statistics.median(later[WARM:])}


def looked(kernel: Kernel) -> float:
    """Seconds of one look."""
    kernel.run(LOOK)
    seconds, without = kernel.text("stream").split()
    assert without == "True", "there is a GPU"
    return float(seconds)


def live_share() -> float:
    """Share of a core that a kernel takes in which ``%gpus live`` looks once a second, median."""
    with started_kernel() as kernel:
        kernel.run("%load_ext dlmagic")
        kernel.run("%gpus live --every 1s")
        shares = []
        for _ in range(5):
            kernel.run(SHARE)
            shares.append(float(kernel.text("stream")))
        kernel.run("%gpus live stop")
    return statistics.median(shares)
