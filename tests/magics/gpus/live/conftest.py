"""GPUs to watch, and no live view that outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlmagic.magics.gpus.live import session
from tests.devices.conftest import libraries, machine

__all__ = ["libraries", "machine"]


@pytest.fixture(autouse=True)
def no_live_view_is_left() -> Iterator[None]:
    yield
    left = session._current
    session.end("the test is over")
    assert left is None
