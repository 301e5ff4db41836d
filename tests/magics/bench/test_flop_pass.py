"""Counting happens after timing, on the cell as it is, and says why where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.flop_pass import count_operations
from tests.magics.bench.parts import OUTPUT, Steps


def test_what_was_timed_never_runs_under_the_counter() -> None:
    ran: list[int] = []

    def backend(graph, inputs):
        def call(*arguments):
            ran.append(len(torch.utils._python_dispatch._get_current_dispatch_mode_stack()))
            return graph(*arguments)

        return call

    framework = TorchFramework(backend=backend)
    frameworks = (framework, PlainFramework((framework,)))
    steps = Steps("y = x @ x", {"x": torch.ones(8, 8)}, frameworks=frameworks)
    contestant = steps.contestant("compile", framework)
    assert contestant.runner is not None, contestant.reason
    called = len(ran)
    assert called == 1
    assert count_operations(steps.subject, OUTPUT).flops == 2 * 8**3
    assert len(ran) == called
    contestant.runner.run(3)
    assert ran == [0] * 4
    assert not contestant.events.get("recompile")


def test_all_timed_calls_come_before_the_counted_one(bench, namespace, tmp_path) -> None:
    seen = str(tmp_path / "seen")  # what a cell keeps in lists is put back

    def note() -> None:
        stack = torch.utils._python_dispatch._get_current_dispatch_mode_stack()
        with open(seen, "a") as file:  # noqa: PTH123 - a path would be an object to put back
            file.write("counted " if stack else "timed ")

    namespace.update(note=note, x=torch.ones(8, 8))
    result = bench("note()\ny = x @ x", modes=["eager", "plain"], flops=True)
    assert {arm.flops for arm in result.arms} == {2 * 8**3}
    calls = (tmp_path / "seen").read_text().split()
    assert calls[-1] == "counted"
    assert "counted" not in calls[2:-1]  # the first two runs find out what the cell writes to


def test_state_is_put_back_after_counting() -> None:
    x = torch.zeros(4, 4)
    steps = Steps("x += torch.eye(4) @ torch.eye(4)", {"x": x})
    steps.checker()
    steps.subject.snapshot.restore()
    x_before = x.clone()
    assert count_operations(steps.subject, OUTPUT).flops == 2 * 4**3
    assert torch.equal(x, x_before)


@pytest.mark.parametrize(
    ("names", "cell", "words"),
    [
        ({"x": np.ones((4, 4))}, "y = x @ x", "only PyTorch, TensorFlow and JAX"),
        ({"x": torch.ones(4, 3)}, "y = x @ x", "shapes cannot be multiplied"),
    ],
)
def test_what_cannot_be_counted_has_a_reason(names, cell, words) -> None:
    found = count_operations(Steps(cell, names).subject, OUTPUT)
    assert isinstance(found, Reason)
    assert words in str(found)


def test_each_alternative_has_its_own_count_and_share(bench, namespace) -> None:
    namespace["x"] = torch.ones(64, 64)
    text = "# --- once\ny = x @ x\n# --- twice\ny = x @ x @ x\n# --- none\ny = x + 1"
    result = bench(text, flops=True, check=False, seconds=0.3)
    assert [arm.flops for arm in result.arms] == [2 * 64**3, 4 * 64**3, 0]
    assert result["twice"].bytes_moved == 2 * 3 * 4 * 64 * 64
    assert result["none"].roofline_share is None
    assert result["once"].roofline_share is not None
    assert len([note for note in result.notes if note.startswith("FLOPs: a multiply-add")]) == 1
    assert len([note for note in result.notes if note.startswith("Roofline, ")]) == 1


def test_what_a_mode_computes_in_numpy_is_told_in_one_line(bench, namespace) -> None:
    namespace["x"] = np.ones((4, 4))
    result = bench("x @ x", flops=True)
    assert result["python"].flops is None
    (note,) = [note for note in result.notes if note.startswith("FLOPs")]
    assert "this cell computes with none of them" in note
