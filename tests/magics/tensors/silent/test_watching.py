"""A watched cell runs as a plain one, and nothing stays behind."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from dlmagic.cell.source import CellSource
from tests.magics.tensors.silent.programs import SETUP, programs
from tests.magics.tensors.silent.watching import found_in, watched

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


def test_of_two_optimisers_each_is_watched_as_long_as_one_would_be_alone() -> None:
    text = (
        "for _ in range(9):\n    (net(x).mean() + classifier(x).mean()).backward()\n"
        "    optimizer.step(); of_classifier.step()\n    net.zero_grad(); classifier.zero_grad()"
    )
    assert watched(text).steps == 7  # the first one's fourth is the last


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


def test_watching_that_ends_in_a_hook_of_backward_disturbs_nothing() -> None:
    text = """
optimisers = {p: torch.optim.SGD([p], lr=0.1) for p in net.parameters()}
for p in net.parameters():
    p.register_post_accumulate_grad_hook(lambda p: optimisers[p].step())
for _ in range(5):
    net.zero_grad()
    net(x).sum().backward()
done = True
"""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    assert watched(text, names).steps == 12
    assert names["done"]


def test_a_mode_of_the_users_stays_as_watching_ends_below_it() -> None:
    text = """
with torch.device("meta"):
    for _ in range(6):
        optimizer.step()
    there = torch.ones(1).device.type
after = torch.ones(1).device.type
"""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    watched(text, names)
    assert (names["there"], names["after"]) == ("meta", "cpu")


def test_losses_are_as_free_to_go_as_without_a_watch() -> None:
    text = """
import gc, weakref
seen = []
for _ in range(3):
    optimizer.zero_grad()
    loss = net(x).sum()
    seen.append(weakref.ref(loss))
    loss.backward()
    optimizer.step()
alive = sum(each() is not None for each in seen)
"""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    watched(text, names)
    assert names["alive"] == 1


def test_the_code_of_a_fix_uses_the_users_names() -> None:
    codes = {
        program.title: finding.fix.code
        for program in programs()
        if program.title in _CODES
        for finding in found_in(program.text, program.setup)
        if finding.fix is not None
    }
    assert codes == _CODES


_CODES = {
    "a scaler with mixed precision": "optimizer.zero_grad()",
    "total = total + loss": "total = total + loss.item()",
    "kept by the number of the epoch": "curve[epoch, len(curve)] = loss.item()",
    "clipped and forgotten": "rms.step()",
    "a scale that is a plain tensor": "self.scale = nn.Parameter(torch.ones(4))",
    "layers built in a loop, with an append": "self.hidden = nn.ModuleList()",
    "a tuple of convolutions of several widths": None,  # it covers several lines
    "steps after eval()": "dropping.train()",
}
