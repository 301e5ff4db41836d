from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension
from tests.shell.magics import ROOM


@pytest.fixture
def loaded(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """A shell with the sample magics in the place of the rooms."""
    extension.load(shell, rooms=[ROOM])
    yield shell
    extension.unload(shell)
