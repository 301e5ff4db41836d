"""What the numbers of tensors are like: the one look that waits for a device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dlmagic.frameworks.description import told
from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.tensors.result import Numbers


def numbers_of(values: Iterable[object]) -> Numbers | None:
    """Mean, extremes, and what is no finite number, over all numbers of some tensors.

    The mean is taken in float64.

    Returns:
        None where there are no numbers: a tensor of text, one without values.
    """
    arrays = list(_arrays(values))
    if not arrays:
        return None
    finite = [array[np.isfinite(array)] for array in arrays]
    count = sum(array.size for array in finite)
    filled = [array for array in finite if array.size]
    return Numbers(
        mean=float(sum(array.sum(dtype=np.float64) for array in filled)) / count if count else None,
        smallest=min((float(array.min()) for array in filled), default=None),
        largest=max((float(array.max()) for array in filled), default=None),
        nans=sum(int(np.isnan(array).sum()) for array in arrays),
        infinities=sum(int(np.isinf(array).sum()) for array in arrays),
    )


def _arrays(values: Iterable[object]) -> Iterator[npt.NDArray[Any]]:
    for value in values:
        for framework in loaded_frameworks():
            view = told(lambda: framework.as_array(value))  # noqa: B023 - called at once
            if view is None:
                continue
            if view.values.dtype.kind in "biuf":
                yield (
                    view.values.astype(np.float64) if view.values.dtype.kind == "b" else view.values
                )
            break
