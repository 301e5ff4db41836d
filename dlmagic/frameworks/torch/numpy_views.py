"""Memory that tensors and NumPy arrays share: the storage's copy stands for both.

NumPy tells nobody when it writes. A large storage that an array looks into must therefore be
copied before the cell runs, or the copy would hold what the array wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dlmagic.frameworks.plain.state import SavedArray
from dlmagic.frameworks.torch.storage import Place, place_of


class SavedNumpyView:
    """An array that looks into a tensor's memory, as ``tensor.numpy()`` makes it."""

    def __init__(self, array: npt.NDArray[Any], tensor: Tensor) -> None:
        self._form = SavedArray(array, with_contents=False)
        self._storage = tensor.untyped_storage()
        self.place: Place | None = place_of(self._storage)

    def changed(self) -> bool:
        """Whether shape, strides or type differ; the storage tells about the contents."""
        return self._form.changed()

    def restore(self) -> None:
        """Put shape, strides and type back."""
        self._form.restore()

    def children(self) -> Iterable[tuple[str, object]]:
        """The storage, which holds the contents."""
        yield "", self._storage


def save_numpy_view(value: object) -> SavedNumpyView | None:
    """Save an array over a tensor's memory; None for any other value."""
    base: object = value.base if isinstance(value, np.ndarray) else None
    if isinstance(value, np.ndarray) and isinstance(base, Tensor):
        return SavedNumpyView(value, base)
    return None
