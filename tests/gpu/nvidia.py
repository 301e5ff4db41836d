"""The NVIDIA GPUs of this machine, for tests that need real ones."""

from __future__ import annotations

import os
import shutil

import pytest

from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.gpus.reader import GpuReader

_DECIDING = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "PYTORCH_NVML_BASED_CUDA_CHECK")


def read_gpus() -> list[Gpu]:
    """Those that can be used."""
    with GpuReader() as reader:
        return [gpu for gpu in reader.read().gpus if gpu.trouble is None]


NEEDS_GPU = [
    pytest.mark.gpu,
    pytest.mark.skipif(not read_gpus(), reason="needs an NVIDIA GPU"),
]
NEEDS_NVIDIA_SMI = pytest.mark.skipif(
    shutil.which("nvidia-smi") is None, reason="needs nvidia-smi, which comes with the driver"
)


def environment() -> dict[str, str]:
    """Of a process in which nothing is decided yet; what it prints is not about TensorFlow."""
    kept = {name: value for name, value in os.environ.items() if name not in _DECIDING}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3"}


def skip_if_divided() -> None:
    """A process can use one instance of a divided GPU, and no more."""
    if any(gpu.divided is True for gpu in read_gpus()):
        pytest.skip("needs GPUs that are not divided (MIG)")
