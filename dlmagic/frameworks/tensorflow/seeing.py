"""Which devices TensorFlow sees; asked in a process of its own, since the question starts CUDA."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def look(compute: bool) -> dict[str, Any]:
    """The devices; TensorFlow's words about them go to the error stream.

    Args:
        compute: Whether to add two numbers on the first one, which takes some of its memory.
    """
    devices = tf.config.list_physical_devices("GPU")
    words, computed = "", False
    if devices and compute:
        try:
            with tf.device("/GPU:0"):
                computed = bool((tf.ones(1) + 1).numpy()[0] == 2)
        except tf.errors.OpError as error:
            words = str(error)
    return {
        "version": str(tf.__version__),
        "devices": [_described(index, device) for index, device in enumerate(devices)],
        "computed": computed,
        "architectures": _architectures(),
        "words": words,
    }


def _described(index: int, device: Any) -> dict[str, Any]:
    details = tf.config.experimental.get_device_details(device)
    capability = details.get("compute_capability")
    return {
        "place": f"GPU:{index}",
        "name": str(details.get("device_name", device.name)),
        "capability": list(capability) if capability else None,
    }


def _architectures() -> list[str]:
    built = tf.sysconfig.get_build_info()
    return [str(each) for each in built.get("cuda_compute_capabilities", ())]
