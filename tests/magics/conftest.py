"""A shell with every magic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension


@pytest.fixture
def loaded(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """A shell after ``%load_ext dlmagic``."""
    extension.load(shell)
    yield shell
    extension.unload(shell)
