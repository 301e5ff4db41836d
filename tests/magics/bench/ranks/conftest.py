"""The cluster of two engines that all tests of a worker share."""

from tests.cluster.conftest import cluster, engines

__all__ = ["cluster", "engines"]
