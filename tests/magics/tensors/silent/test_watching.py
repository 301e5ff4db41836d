"""A watched cell runs as a plain one, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.magics.tensors.silent.programs import SETUP
from tests.magics.tensors.silent.watching import watched

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size:UserWarning")


def test_the_cell_runs_once_and_leaves_what_a_plain_run_leaves() -> None:
    under_watch: dict[str, Any] = {"__name__": "__main__"}
    plain: dict[str, Any] = {"__name__": "__main__"}
    text = "for _ in range(6):\n    net(x).pow(2).mean().backward()\n    optimizer.step()"
    for names in (under_watch, plain):
        exec(SETUP, names)
    watched(text, under_watch)
    exec(text, plain)
    for one, other in zip(under_watch["net"].parameters(), plain["net"].parameters(), strict=True):
        assert torch.equal(one, other)


def test_watching_ends_after_a_few_steps_and_leaves_no_hook() -> None:
    text = "for _ in range(9):\n    net(x).pow(2).mean().backward()\n    optimizer.step()"
    found = watched(text)
    assert found.steps == 4
    assert not found.complete
    assert "what came after ran unwatched" in " ".join(repr(found).split())
    from torch.optim.optimizer import _global_optimizer_pre_hooks
    from torch.overrides import _get_current_function_mode_stack

    assert not _global_optimizer_pre_hooks
    assert not _get_current_function_mode_stack()


@pytest.mark.parametrize("error", ["1 / 0", "raise KeyboardInterrupt"])
def test_a_cell_that_fails_raises_its_error_and_leaves_no_hook(error: str) -> None:
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
        watched(f"net(x).sum().backward()\n{error}")
    from torch.overrides import _get_current_function_mode_stack

    assert not _get_current_function_mode_stack()


def test_what_needs_no_framework_is_seen_without_one() -> None:
    import numpy as np

    found = watched("a.astype('float32')\nb = 1", {"a": np.ones(2)})
    (finding,) = found.findings
    assert finding.fix is not None
    assert finding.fix.code == "a = a.astype('float32')"
