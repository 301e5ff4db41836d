"""What the last error of a magic keeps in memory, which may be that of a GPU."""

from __future__ import annotations

import gc
import weakref

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension


@pytest.mark.parametrize("magic", ["tensors", "dlbench", "graphmode", "autograd"])
@pytest.mark.parametrize("failing", ["numbers @ other[:2]", "import no_such_module"])
def test_the_last_error_keeps_no_more_than_that_of_a_plain_cell(
    shell: InteractiveShell, magic: str, failing: str
) -> None:
    extension.load(shell)
    shell.run_cell("import torch\nnumbers, other, third = map(torch.ones, (3, 4, 5))")
    kept = weakref.ref(shell.user_ns["third"])
    error = shell.run_cell(f"%%{magic}\n{failing}").error_in_exec
    extension.unload(shell)
    assert error is not None
    del shell.user_ns["third"]
    gc.collect()
    assert kept() is None
