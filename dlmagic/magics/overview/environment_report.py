"""What dlmagic runs on, found without importing anything that is not in use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from dlmagic.devices.machine.packages import installed_packages
from dlmagic.environment import FRAMEWORKS, Environment
from dlmagic.magics.overview.result import EnvironmentReport

_AS_INSTALLED = {"tensorflow": ("tensorflow", "tensorflow-cpu")}
"""Names of a framework's packages where they are not its own."""

_AROUND = (
    *("ipython", "ipykernel", "jupyterlab", "notebook", "ipywidgets", "anywidget"),
    *("numpy", "scipy", "rich", "htpy", "psutil", "nvidia-ml-py", "ipyparallel"),
)

_VARIABLES = (
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "JAX_PLATFORMS"),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "KERAS_BACKEND", "TF_XLA_FLAGS", "XLA_FLAGS"),
    *("PYTORCH_CUDA_ALLOC_CONF", "TORCHINDUCTOR_COMPILE_THREADS", "TF_ENABLE_ONEDNN_OPTS"),
    *("NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT", "XLA_PYTHON_CLIENT_PREALLOCATE", "NO_COLOR"),
)
"""None of them tells who the user is."""


def environment_report(variables: Mapping[str, str] = os.environ) -> EnvironmentReport:
    """The report of this process.

    Args:
        variables: Environment variables.
    """
    installed = {name: each.version for name, each in installed_packages().items()}
    frameworks = {name: _version(name, installed) for name in FRAMEWORKS}
    found = {name: version for name, version in frameworks.items() if version is not None}
    around = {name: installed[name] for name in _AROUND if name in installed}
    return EnvironmentReport(
        environment=Environment.capture(),
        packages=found | around,
        missing=tuple(name for name, version in frameworks.items() if version is None),
        imported=tuple(name for name in FRAMEWORKS if name in sys.modules),
        variables={name: variables[name] for name in _VARIABLES if name in variables},
    )


def _version(framework: str, installed: Mapping[str, str]) -> str | None:
    names = _AS_INSTALLED.get(framework, (framework,))
    return next((installed[name] for name in names if name in installed), None)
