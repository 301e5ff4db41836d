"""Nothing that TensorFlow says while a mode runs reaches the notebook; all comes back."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import pytest
import tensorflow as tf

from dlmagic.cell.output import heard_again
from dlmagic.frameworks.tensorflow.quiet import eagerly, in_graphs
from tests.interrupting import interrupted_in

LOGGERS = ("tensorflow", "absl")


@pytest.mark.parametrize("active", [eagerly, in_graphs])
def test_what_is_written_to_descriptor_2_leads_nowhere_and_then_back(capfd, active):
    def fail():
        with active():
            os.write(2, b"lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    os.write(2, b"kept")
    assert capfd.readouterr().err == "kept"


def test_no_descriptor_is_left_open():
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with in_graphs():
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_a_standard_error_all_works():
    kept = os.dup(2)
    os.close(2)
    try:
        with in_graphs():
            pass
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def test_loggers_let_errors_through_and_are_as_before(caplog):
    logger = logging.getLogger("tensorflow")
    filters = list(logger.filters)
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger.addHandler(handler)
    try:
        with in_graphs():
            logger.warning("5 out of the last 5 calls triggered tf.function retracing")
            logger.error("an error")
    finally:
        logger.removeHandler(handler)
    assert [record.levelname for record in records] == ["ERROR"]
    assert logger.filters == filters


def test_the_warning_about_data_sets_is_not_shown():
    before = list(warnings.filters)
    with eagerly():
        tf.data.Dataset.range(2).map(lambda v: v + 1)  # a warning is an error in this suite
    assert warnings.filters == before


def heard():
    return [*warnings.filters], [logging.getLogger(name).filters[:] for name in LOGGERS]


def test_an_interrupt_between_any_two_of_its_lines_silences_nothing_for_good():
    before, interrupts, ended = heard(), 0, False
    while not ended:
        try:
            with heard_again(2):
                with interrupted_in(interrupts + 1, "/tensorflow/quiet.py"), in_graphs():
                    pass
                ended = True
        except KeyboardInterrupt:
            interrupts += 1
        assert heard() == before, interrupts
    assert interrupts > 15
