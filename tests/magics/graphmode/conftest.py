"""A shell with dlmagic that lets go what was compiled before its namespace is emptied."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension


@pytest.fixture
def loaded(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """A shell after ``%load_ext dlmagic``.

    PyTorch takes the names that its compiled code needs out of a namespace when that code is
    collected, and complains where they are gone before.
    """
    extension.load(shell)
    yield shell
    extension.unload(shell)
    torch._dynamo.reset()
    gc.collect()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two would wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
