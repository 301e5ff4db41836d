"""A watched cell runs as a plain one, and nothing stays behind."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from dlmagic.cell.source import CellSource
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


@pytest.mark.parametrize("loss", ["F.mse_loss", "nn.MSELoss()"])
def test_a_warning_names_the_place_that_a_plain_run_names(loss: str) -> None:
    text = f"z = 1\nloss = {loss}(net(x), y)\nloss.backward()"
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    source = CellSource.from_text(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(text, source.filename, "exec"), names)
        watched(text, names)
    plain, under_watch = [(each.filename, each.lineno) for each in caught]
    assert under_watch == plain
    assert (plain == (source.filename, 2)) is (loss == "F.mse_loss")


def test_compiled_modules_run_as_without() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    plain = names["net"](names["x"])
    watched("quick = torch.compile(net, backend='eager')\nz = quick(x)\nz.mean().backward()", names)
    assert torch.equal(names["z"], plain)


def test_what_needs_no_framework_is_seen_without_one() -> None:
    import numpy as np

    found = watched("a.astype('float32')\nb = 1", {"a": np.ones(2)})
    (finding,) = found.findings
    assert finding.fix is not None
    assert finding.fix.code == "a = a.astype('float32')"
