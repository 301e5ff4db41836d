"""Stands in for a TensorFlow that was built for CUDA: it logs the libraries that it cannot load."""

import ctypes
import sys
from contextlib import contextmanager

from tensorflow.built import MISSING, VERSION

__version__ = VERSION


class errors:
    class OpError(Exception):
        pass


class _Device:
    name = "/physical_device:GPU:0"


class _Number:
    def __add__(self, other):
        return self

    def numpy(self):
        return [2]


class config:
    class experimental:
        @staticmethod
        def get_device_details(device):
            return {"device_name": "NVIDIA H100 80GB HBM3", "compute_capability": (9, 0)}

    @staticmethod
    def list_physical_devices(kind):
        for library in MISSING:
            print(f"Could not load dynamic library '{library}'; dlerror", file=sys.stderr)
        if MISSING:
            print("Cannot dlopen some GPU libraries. Skipping registering GPU", file=sys.stderr)
            return []
        library = ctypes.CDLL("libcuda.so.1")
        return [] if library.cuInit(0) else [_Device()]


class sysconfig:
    @staticmethod
    def get_build_info():
        return {"cuda_compute_capabilities": ["sm_80", "sm_89", "compute_90"]}


def ones(size):
    return _Number()


@contextmanager
def device(place):
    yield
