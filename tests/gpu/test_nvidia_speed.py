"""To read real GPUs takes less time than the programs that people use for it."""

from __future__ import annotations

import subprocess
import time
from importlib.util import find_spec

import pytest

from benchmarks.peers.gpu_listers import LISTERS, OURS
from tests.gpu.nvidia import NEEDS_GPU, NEEDS_NVIDIA_SMI

pytestmark = [*NEEDS_GPU, pytest.mark.alone]


def least(program: str) -> float:
    """Seconds of the fastest of some looks: other programs can only add to it."""
    look = LISTERS[program]()
    return min(seconds(look) for _ in range(5))


def seconds(look) -> float:
    begun = time.perf_counter()
    look()
    return time.perf_counter() - begun


@NEEDS_NVIDIA_SMI
def test_reading_takes_a_fifth_of_the_time_of_nvidia_smi() -> None:
    subprocess.run(["nvidia-smi"], capture_output=True, check=True)
    assert least(OURS) <= least("nvidia-smi") / 5


@pytest.mark.parametrize("program", ["gpustat", "nvitop"])
def test_reading_takes_less_time_than_others(program: str) -> None:
    if find_spec(program) is None:
        pytest.skip(f"{program} is not installed")
    assert least(OURS) < least(program)
