"""Stands in for a TensorFlow that was built for CUDA: it logs the libraries that it cannot load."""

from contextlib import contextmanager

from tensorflow import config, errors, sysconfig
from tensorflow.built import VERSION

__version__ = VERSION


class _Number:
    def __add__(self, other):
        return self

    def numpy(self):
        return [2]


def ones(size):
    return _Number()


@contextmanager
def device(place):
    yield


__all__ = ["config", "device", "errors", "ones", "sysconfig"]
