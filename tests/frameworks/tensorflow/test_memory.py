"""TensorFlow's memory: planted peaks in main memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from dlmagic.devices.host import HostMemory
from dlmagic.frameworks.tensorflow import memory
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework
from dlmagic.magics.bench.memory_pass import measure_peak
from tests.magics.bench.real_runner import RealRunner

PLANTED = 256 * 2**20
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


def eagerly():
    return tf.reduce_sum(tf.fill((PLANTED // 4,), 1.0))


@tf.function
def in_a_graph(value):
    return tf.reduce_sum(tf.fill((PLANTED // 4,), value))


ONE = tf.constant(1.0)


@linux
@pytest.mark.parametrize("function", [eagerly, lambda: in_a_graph(ONE)], ids=["eager", "graph"])
def test_a_planted_transient_is_found(function):
    framework = TensorFlowFramework()
    found = measure_peak(RealRunner(function, framework), [framework], HostMemory())
    assert found.allocated == pytest.approx(PLANTED, rel=0.1)


WITH_ONEDNN = f"""
import numpy as np
import tensorflow as tf
from dlmagic.devices.host import HostMemory
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework
from dlmagic.magics.bench.memory_pass import measure_peak
from tests.magics.bench.real_runner import RealRunner

def peak_of(function):
    function()
    framework = TensorFlowFramework()
    return measure_peak(RealRunner(function, framework), [framework], HostMemory())

def beside():
    tf.zeros((1000, 1000))
    return np.ones({PLANTED // 8}).sum()

for function in (lambda: tf.reduce_sum(tf.fill(({PLANTED // 4},), 1.0)), beside):
    print(peak_of(function).allocated)
"""


@linux
def test_where_tensorflow_keeps_main_memory_its_allocator_is_asked():
    """As with oneDNN; what others take beside it is found in what is resident."""
    environment = {
        **os.environ,
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", WITH_ONEDNN],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [int(each) for each in done.stdout.split()] == pytest.approx([PLANTED, PLANTED], rel=0.1)


@pytest.mark.skipif(bool(memory.gpus()), reason="TensorFlow has a GPU here")
def test_without_a_gpu_there_is_no_allocator_and_no_cache_to_flush():
    assert memory.watch_memory() is None
    assert memory.cache_flusher() is None
    assert TensorFlowFramework().gpus_in_use() == ()
