"""What a graph would do wrong without a word is refused while it is made."""

from __future__ import annotations

import random

import numpy as np
import pytest
import tensorflow as tf

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.tensorflow import _compat as compat

DATA = tf.data.Dataset.range(3)


@pytest.mark.parametrize("text", ["y = [x * 2 for x in data]", "y = list(data)"])
def test_python_that_reads_a_data_set_in_a_graph_comes_to_an_end(bench, text):
    before = [kind.__next__ for kind in compat.iterator_kind()]
    reason, line = bench(text, data=DATA).failure("graph")
    assert "over a data set: use a for loop" in reason
    assert line == 1
    assert [kind.__next__ for kind in compat.iterator_kind()] == before


def test_an_iterator_may_be_asked_for_a_batch_in_a_graph(bench):
    assert int(bench("y = next(iter(data)) + 1", data=DATA).in_mode("graph")["y"]) == 1


@pytest.mark.parametrize("draw", ["random.random()", "np.random.rand()", "rng.normal()"])
def test_random_numbers_that_a_graph_would_freeze_make_it_unavailable(bench, draw):
    cell = bench(f"y = x * {draw}", x=tf.ones(2), random=random, rng=np.random.default_rng(0))
    with pytest.raises(ModeUnavailable, match=r"drawn only once.*use tf.random"):
        cell.in_mode("graph")


@pytest.mark.parametrize("text", ["n = tf.strings.length(words)", "n = 1\nm = words"])
def test_text_is_kept_from_xla_which_would_end_the_process(bench, text):
    cell = bench(text, words=tf.constant(["a", "bc"]))
    with pytest.raises(ModeUnavailable, match="XLA cannot compile text"):
        cell.in_mode("xla")
