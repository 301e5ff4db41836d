"""Arrays of NumPy, described by their metadata."""

from __future__ import annotations

import numpy as np

from dlmagic.frameworks.plain.description import describe


def test_an_array_its_view_and_its_memory() -> None:
    whole = np.zeros((4, 6), np.float32)
    view = whole[::2, 1:].T
    found, seen = describe(whole), describe(view)
    assert found is not None
    assert seen is not None
    assert (found.kind, found.shape, found.dtype) == ("ndarray", (4, 6), "float32")
    assert (found.strides, found.contiguous, found.nbytes) == ((6, 1), True, 96)
    assert (seen.shape, seen.strides, seen.contiguous) == ((5, 2), (1, 12), False)
    assert seen.memory == found.memory
    (place,) = found.memory or ()
    assert place.end - place.start == 96


def test_what_is_special_is_said() -> None:
    fixed = np.broadcast_to(np.float32(1), (1000, 1000))
    found = describe(fixed)
    assert found is not None
    assert (found.remark, found.strides) == ("read-only", (0, 0))
    structured = describe(np.zeros(3, [("a", "i1"), ("b", "f8")])["b"])
    assert structured is not None
    assert structured.strides is None  # steps of 9 bytes over elements of 8
    assert describe(np.array([None, {}])).dtype == "object"  # type: ignore[union-attr]
    assert describe(np.float32(1)) is None
    assert describe([1.0]) is None
