"""Every mistake is found at its line, and no clean cell gives an alarm."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dlmagic.cell.source import CellSource
from dlmagic.magics.tensors.silent.engine import watch_cell
from dlmagic.magics.tensors.silent.result import SilentMistakes
from tests.magics.tensors.silent.programs import CLEAN, FAULTY, SETUP, Program, training

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size:UserWarning")


def seen(text: str, names: dict[str, Any] | None = None, hints: bool = False) -> SilentMistakes:
    namespace: dict[str, Any] = {"__name__": "__main__"} if names is None else names
    if names is None:
        exec(SETUP, namespace)
    return watch_cell(
        CellSource.from_text(text), namespace, lambda _file: None, hints=hints
    ).mistakes


@pytest.mark.parametrize("program", FAULTY, ids=lambda program: program.text)
def test_the_mistake_is_found(program: Program) -> None:
    found = {(each.kind, each.line) for each in seen(program.text).findings}
    assert found == {(program.kind, program.line)}


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_cell_gives_no_alarm(text: str) -> None:
    found = seen(text, hints=True)
    assert not found.findings
    assert "No mistake was seen." in repr(found)


def test_the_cell_runs_once_and_leaves_what_a_plain_run_leaves() -> None:
    watched: dict[str, Any] = {"__name__": "__main__"}
    plain: dict[str, Any] = {"__name__": "__main__"}
    text = training("net(x).pow(2).mean().backward()", times=6)
    for names in (watched, plain):
        exec(SETUP, names)
    seen(text, watched)
    exec(text, plain)
    for one, other in zip(watched["net"].parameters(), plain["net"].parameters(), strict=True):
        assert torch.equal(one, other)


def test_watching_ends_after_a_few_steps_and_leaves_no_hook() -> None:
    text = "for _ in range(9):\n    net(x).pow(2).mean().backward()\n    optimizer.step()"
    found = seen(text)
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
        seen(f"net(x).sum().backward()\n{error}")
    from torch.overrides import _get_current_function_mode_stack

    assert not _get_current_function_mode_stack()


def test_what_needs_no_framework_is_seen_without_one() -> None:
    import numpy as np

    found = seen("a.astype('float32')\nb = 1", {"a": np.ones(2)})
    (finding,) = found.findings
    assert finding.fix is not None
    assert finding.fix.code == "a = a.astype('float32')"
