"""A shell with a view of two engines."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cluster.engines import Engines
from tests.cluster.conftest import cluster, engines

__all__ = ["cluster", "engines"]


@pytest.fixture
def notebook(loaded: InteractiveShell, engines: Engines) -> InteractiveShell:
    """It calls the view ``view``; the engines have PyTorch and their rank."""
    loaded.user_ns["view"] = engines.client[:]
    for rank, number in enumerate(engines.ids):
        engines.client[number].push({"rank": rank}, block=True)
    engines.client[:].execute("import torch\nfrom torch import nn", block=True)
    return loaded
