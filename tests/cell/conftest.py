"""What the proofs share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def only_new_objects_are_searched() -> Iterator[None]:
    """The machinery asks the garbage collector for functions; a test session has many objects."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
