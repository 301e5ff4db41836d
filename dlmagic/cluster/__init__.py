"""Carrying work to engines: the only place that knows ipyparallel, and only once it is needed."""

from dlmagic.cluster.process_group import TorchGroup, init_torch

__all__ = ["TorchGroup", "init_torch"]
