"""Who has started CUDA in this process, as far as it can be told."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dlmagic.frameworks.devices_made import DevicesMade

_OTHERS = {
    "cupy": "CuPy",
    "cudf": "cuDF",
    "cuml": "cuML",
    "rmm": "RMM",
    "triton": "Triton",
    "pycuda": "PyCUDA",
    "cuda.bindings": "cuda-python",
    "warp": "Warp",
    "onnxruntime": "ONNX Runtime",
    "paddle": "PaddlePaddle",
    "mxnet": "MXNet",
}


def likely_starters(made: Sequence[DevicesMade]) -> tuple[tuple[str, ...], bool]:
    """The frameworks that have started CUDA, and whether they tell so themselves.

    Where none does: all that are imported and could have.
    """
    sure = tuple(each.framework for each in made if each.started_cuda or each.forked)
    if sure:
        return sure, True
    possible = [each.framework for each in made if each.started_cuda is None]
    possible += [name for root, name in _OTHERS.items() if root in sys.modules]
    return tuple(possible), False
