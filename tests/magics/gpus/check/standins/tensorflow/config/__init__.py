import ctypes
import sys

from tensorflow.built import MISSING
from tensorflow.config import experimental


class _Device:
    name = "/physical_device:GPU:0"


def list_physical_devices(kind):
    for library in MISSING:
        sys.stderr.write(f"Could not load dynamic library '{library}'; dlerror\n")
    if MISSING:
        sys.stderr.write("Cannot dlopen some GPU libraries. Skipping registering GPU devices...\n")
        return []
    return [] if ctypes.CDLL("libcuda.so.1").cuInit(0) else [_Device()]


__all__ = ["experimental", "list_physical_devices"]
