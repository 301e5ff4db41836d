"""Settings of Python and NumPy in another process."""

from __future__ import annotations

import decimal
import pickle
import sys

import numpy as np

from dlmagic.frameworks.plain import portable


def test_settings_of_another_process_are_taken_over() -> None:
    before = portable.settings()
    np.seterr(over="ignore")
    sys.setrecursionlimit(4321)
    decimal.getcontext().prec = 11
    told = pickle.loads(pickle.dumps(portable.settings()))
    portable.take_over(before)
    assert portable.settings() == before
    try:
        portable.take_over(told)
        assert portable.settings() == told
    finally:
        portable.take_over(before)
