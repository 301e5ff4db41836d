"""Watching costs the user nothing that was not asked for: no call fails, no copy is kept."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from dlmagic.cell.source import CellSource
from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder
from dlmagic.magics.tensors.silent.engine import watch_cell
from dlmagic.magics.tensors.silent.hearing import Hearing
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from tests.magics.tensors.silent.watching import watched

COPYING = """
import copy, gc, weakref
from torch import nn
model = nn.Sequential(*(nn.BatchNorm1d(4) for _ in range(60)))
target = copy.deepcopy(model)
state = copy.deepcopy(model.state_dict())
gone = weakref.ref(target), weakref.ref(target[0].weight)
del target
gc.collect()
alive = [each() is not None for each in gone]
"""


def test_copies_of_models_are_quick_and_die_when_they_would() -> None:
    names: dict[str, Any] = {}
    start = time.perf_counter()
    watched(COPYING, names)
    assert time.perf_counter() - start < 5  # it took a minute when all was looked through
    assert names["alive"] == [False, False]


def test_arrays_and_long_lists_are_not_kept_either() -> None:
    names: dict[str, Any] = {"torch": torch, "weakref": weakref}
    watched(
        "import numpy as np\na = np.ones(3)\ngone = weakref.ref(a)\n"
        "torch.tensor(a)\ndel a\nalive = gone() is not None",
        names,
    )
    assert names["alive"] is False


@pytest.mark.filterwarnings("ignore:.torch.jit.trace")
def test_tracing_is_left_alone() -> None:
    text = "traced = torch.jit.trace(model, torch.ones(2, 3))\ngraph = str(traced.graph)"
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).eval()
    plain: dict[str, Any] = {"torch": torch, "model": model}
    exec(text, plain)
    under_watch: dict[str, Any] = {"torch": torch, "model": model}
    watched(text, under_watch)
    mangled = re.compile(r"___torch_mangle_\d+\.")  # the same class, traced once more
    one, other = (mangled.sub("", names["graph"]) for names in (plain, under_watch))
    assert one == other


class Strange(torch.Tensor):
    """Its shape is nobody's business."""

    @property
    def shape(self) -> Any:  # type: ignore[override]
        raise AttributeError("no shape")


def test_tensors_of_strange_classes_cost_no_call() -> None:
    names: dict[str, Any] = {"x": torch.ones(2).as_subclass(Strange)}
    source = CellSource.from_text("y = x + 1\ndone = True")
    seen = watch_cell(source, names, lambda _file: None, hints=True).mistakes
    assert names["done"]
    assert seen.findings == ()


class Broken(Listening):
    """A rule with a slip in it."""

    kind = "broken"
    sure: Sure = "certain"
    asked: ClassVar[list[str]] = []

    def hear(self, event: Event) -> None:
        self.asked.append("hear")
        raise KeyError(event)


class LateBroken(Listening):
    kind = "late-broken"
    sure: Sure = "certain"

    def mistakes(self, after: After) -> Iterable[Mistake]:
        raise KeyError(after)


class Sound(Listening):
    kind = "sound"
    sure: Sure = "certain"

    def mistakes(self, after: After) -> Iterable[Mistake]:
        yield Mistake("Something.")


def test_a_rule_that_raises_is_asked_no_more_and_the_others_are() -> None:
    import ast

    hearing = Hearing([Broken(), LateBroken(), Sound()])
    for _ in range(2):
        hearing.tell(Operation("add"))
    found = list(hearing.mistakes(After(ast.parse(""), {})))
    assert Broken.asked == ["hear"]
    assert [rule.kind for rule, _ in found] == ["sound"]
    assert hearing.failed == ["broken", "late-broken"]


def test_steps_of_other_threads_are_not_those_of_the_cell() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    weight.sum().backward()
    events: list[Event] = []
    with OperationRecorder(__file__, events.append) as recorder:
        other = threading.Thread(target=optimizer.step)
        other.start()
        other.join()
        assert recorder.steps == 0
        optimizer.step()
    assert len([each for each in events if isinstance(each, Step)]) == 1


IN_A_WORKER = """
import os
import torch
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder
with OperationRecorder("<cell>", lambda event: None) as recorder:
    torch.ones(2)
    child = os.fork()
    if not child:
        torch.ones(2) + 1
        os._exit(recorder.operations - 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="needs processes that fork")
def test_workers_that_are_forked_run_unwatched() -> None:
    """In a process of its own: this one may hold threads of other frameworks."""
    ran = subprocess.run(
        [sys.executable, "-c", IN_A_WORKER], capture_output=True, text=True, timeout=120, check=True
    )
    assert ran.stdout.split() == ["0"]


def test_a_cell_that_imports_its_framework_is_told_to_be_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    loaded = CellSource.from_text("import sys\nsys.modules['torch'] = kept\nx = kept.ones(2)")
    seen = watch_cell(loaded, {"kept": torch}, lambda _file: None, hints=False).mistakes
    assert seen.imported == ("PyTorch",)
    assert "Nothing was watched: the cell imports PyTorch. Run it once more." in " ".join(
        repr(seen).split()
    )


def test_a_warning_of_pytorch_names_the_line_of_the_cell() -> None:
    with pytest.warns(UserWarning, match="copy construct") as heard:
        watched("y = x * 2\nt = torch.tensor(y)", {"torch": torch, "x": torch.ones(2)})
    assert heard[0].lineno == 2
    assert "dlmagic/frameworks" not in heard[0].filename
