"""What TensorFlow says of its compiling, against a trace that takes as long as it is told to."""

from __future__ import annotations

import time

import pytest
import tensorflow as tf

from dlmagic.cell.output import StreamOutput
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.compiling_again import REPETITIONS, compile_again
from tests.magics.bench.compiled import call_again, run_modes
from tests.magics.bench.parts import Steps

TF = TensorFlowFramework()
FRAMEWORKS = (TF, PlainFramework((TF,)))
ASLEEP = 0.5


@tf.autograph.experimental.do_not_convert
def traced_in_its_sleep(v):
    if not tf.executing_eagerly():
        time.sleep(ASLEEP)
    return v * 2


@pytest.mark.alone
def test_tracing_takes_the_time_that_was_planted_and_the_call_none_of_it():
    names = {"x": tf.ones(3), "traced_in_its_sleep": traced_in_its_sleep}
    modes = {"eager": ("eager", TF), "graph": ("graph", TF)}
    run_modes("x + 1", {"x": tf.ones(3)}, modes, FRAMEWORKS)  # AutoGraph has rewritten our part
    arm = run_modes("traced_in_its_sleep(x) + 1", names, modes, FRAMEWORKS)[0]["graph"]
    assert set(arm.compile_phases) == {"trace"}
    assert ASLEEP <= arm.compile_phases["trace"] <= arm.compile_seconds
    assert arm.compile_phases["trace"] == pytest.approx(ASLEEP, abs=0.15)
    assert arm.median < 0.1


def test_nothing_traced_costs_nothing():
    double = tf.function(lambda v: v * 2)
    double(tf.ones(2))
    with TF.counting():
        before = TF.compile_costs()
        double(tf.ones(2))
        assert TF.compile_costs().since(before) == CompileCosts()


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_a_graph_is_made_again_from_the_users_text(mode):
    steps = Steps("y = x\nfor _ in range(3):\n    y = y + x", {"x": tf.ones(3)}, None, FRAMEWORKS)
    with TF.counting():
        contestant = steps.contestant(mode, TF)
        contestant.first_seconds = 0.0  # cheap, however busy the machine is
        compile_again([contestant], StreamOutput(), WallClock(), 1e6, lambda line: None)
        assert call_again(contestant) == {}
    assert len(contestant.compiled_again) == REPETITIONS
    assert contestant.compile_costs.steps == 2  # a trace, and the cell rewritten
