"""TensorFlow's memory: planted peaks in main memory."""

from __future__ import annotations

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


@pytest.mark.skipif(bool(memory.gpus()), reason="TensorFlow has a GPU here")
def test_without_a_gpu_there_is_no_allocator_and_no_cache_to_flush():
    assert memory.watch_memory() is None
    assert memory.cache_flusher() is None
    assert TensorFlowFramework().gpus_in_use() == ()
