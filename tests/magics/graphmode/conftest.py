"""A shell with dlmagic that lets go what was compiled before its namespace is emptied."""

from __future__ import annotations

import gc
import sys
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


@pytest.fixture(autouse=True)
def nothing_was_donated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a cell has donated an array of JAX, each cell of the process runs once more for it."""
    donation = sys.modules.get("dlmagic.frameworks.jax.donation")
    if donation is not None:
        monkeypatch.setattr(donation, "_seen", [])
