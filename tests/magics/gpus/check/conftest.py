"""The doubles of NVIDIA's libraries, for the machines of these tests."""

from tests.devices.conftest import libraries

__all__ = ["libraries"]
