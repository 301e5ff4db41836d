"""How far TensorFlow has got with its devices in this process."""

from __future__ import annotations

import tensorflow as tf

from dlmagic.frameworks.devices_made import DevicesMade
from dlmagic.frameworks.tensorflow import _compat as compat

_NAME = "TensorFlow"


def devices_made() -> DevicesMade:
    """What TensorFlow has decided: it lists its devices once, and takes them at the first tensor.

    Between the two, how it takes their memory can still be set.
    """
    devices = compat.devices()
    if devices is None:
        return DevicesMade(_NAME, None, "TensorFlow may have listed its devices")
    # Where it is not built for GPUs, a new start would change nothing.
    if not devices.listed or not tf.test.is_built_with_gpu_support():
        return DevicesMade(_NAME, started_cuda=False, decided=devices.taken)
    if "GPU" in devices.listed:
        return DevicesMade(_NAME, started_cuda=True, decided=devices.taken)
    found = ", ".join(dict.fromkeys(devices.listed))
    settled = f"TensorFlow has listed its devices ({found})"
    return DevicesMade(_NAME, False, settled, decided=devices.taken)
