"""What people run before they choose a GPU, and whether it is too late afterwards.

The table serves the double as well as real hardware (with frameworks that are built for CUDA).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

After = Literal["safe", "too late", "unusable"]

NVML_CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"


@dataclass(frozen=True)
class Case:
    """Cells of a notebook.

    Attributes:
        name: What they do.
        package: What must be installed.
        code: The cells.
        with_cuda: What is true afterwards with a GPU and a framework that is built for CUDA.
        nvml_checked: The same with ``PYTORCH_NVML_BASED_CUDA_CHECK=1``, where it is another.
        forked: Whether the question is asked in a child that is forked afterwards.
    """

    name: str
    package: str
    code: str
    with_cuda: After
    nvml_checked: After | None = None
    forked: bool = False

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return find_spec(self.package) is not None

    def expected(self, *, nvml_check: bool) -> After:
        """What is true afterwards with a GPU and a framework that is built for CUDA."""
        return self.nvml_checked if nvml_check and self.nvml_checked else self.with_cuda


_START = "import ctypes\ncuda = ctypes.CDLL('libcuda.so.1')\nassert cuda.cuInit(0) == 0"

CASES = (
    Case("nothing", "sys", "", "safe"),
    Case("torch imported", "torch", "import torch", "safe"),
    Case(
        "torch.cuda.is_available",
        "torch",
        "import torch\ntorch.cuda.is_available()",
        "too late",
        nvml_checked="safe",
    ),
    Case(
        "torch tensor",
        "torch",
        "import torch\ntorch.ones(3, device='cuda' if torch.cuda.is_available() else 'cpu')",
        "too late",
    ),
    Case("TensorFlow imported", "tensorflow", "import tensorflow as tf", "safe"),
    Case(
        "TensorFlow lists devices",
        "tensorflow",
        "import tensorflow as tf\ntf.config.list_physical_devices('GPU')",
        "too late",
    ),
    Case("jax imported", "jax", "import jax", "safe"),
    Case("jax.devices", "jax", "import jax\njax.devices()", "too late"),
    Case("numba.cuda", "numba", "from numba import cuda\ncuda.is_available()", "too late"),
    Case(
        "triton",
        "triton",
        "import triton\ntriton.runtime.driver.active.get_current_device()",
        "too late",
    ),
    Case("cupy", "cupy", "import cupy\ncupy.cuda.runtime.getDeviceCount()", "too late"),
    Case("forked child", "ctypes", _START, "unusable", forked=True),
    # Beyond the twelve: the library alone.
    Case("library loaded", "ctypes", "import ctypes\nctypes.CDLL('libcuda.so.1')", "safe"),
    Case("CUDA started", "ctypes", _START, "too late"),
    Case(
        "CUDA found nothing",
        "ctypes",
        "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = ''\n" + _START.replace("== 0", "== 100"),
        "safe",  # the next cuInit reads the variable anew
    ),
    Case(
        "child forked before",
        "ctypes",
        "import ctypes\ncuda = ctypes.CDLL('libcuda.so.1')",
        "safe",
        forked=True,
    ),
)
