"""How far JAX has got with its devices in this process."""

from __future__ import annotations

from dlmagic.frameworks.devices_made import DevicesMade
from dlmagic.frameworks.jax import _compat as compat

_CUDA = ("cuda", "gpu")


def devices_made() -> DevicesMade:
    """What JAX has decided: it makes all its devices at the first array, once."""
    if not compat.is_started():
        return DevicesMade("JAX", started_cuda=False)
    platforms = compat.platforms_made()
    if platforms is None:
        return DevicesMade("JAX", None, "JAX may have made its devices", decided=True)
    if any(each in _CUDA for each in platforms):
        return DevicesMade("JAX", started_cuda=True, decided=True)
    if not compat.is_built_for("cuda"):  # then a new start would change nothing
        return DevicesMade("JAX", started_cuda=False, decided=True)
    made = f"JAX has made its devices ({', '.join(platforms)})"
    return DevicesMade("JAX", False, made, decided=True)
