"""Nothing that TensorFlow says while a mode runs reaches the notebook; all comes back."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import pytest
import tensorflow as tf

from dlmagic.frameworks.tensorflow.quiet import eagerly, in_graphs


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
