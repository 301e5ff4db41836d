"""numba's settings in another process."""

from __future__ import annotations

import numba

from dlmagic.frameworks.numba import portable


def test_settings_of_another_process_are_taken_over() -> None:
    before = portable.settings()
    try:
        portable.take_over({"threads": 1})
        assert numba.get_num_threads() == 1
        assert portable.settings() == {"threads": 1}
    finally:
        portable.take_over(before)
