"""``--isolate`` from the cell to the result, in real processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.isolated.process import run_task
from dlmagic.magics.bench.isolated.task import Answer, Task
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

EQUAL = "# --- one\nfor _ in range(20):\n    work()\n# --- two\nfor _ in range(20):\n    work()"
PLANTED = EQUAL.replace("# --- two\nfor _ in range(20)", "# --- two\nfor _ in range(24)")
WORK = "def work():\n    return sum(range(300))"
LUCK = (
    "import os, random\nluck = 1 + int.from_bytes(os.urandom(1), 'big') % 3\n"
    "for _ in range(20 * luck):\n    work()"
)
"""Each process draws its own speed, once for all of its rounds."""


def notebook(code: str = WORK, **names: object) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__", **names}
    exec(code, namespace)
    return namespace


def bench(
    text: str,
    namespace: dict[str, Any],
    launch: Callable[[Task], Answer] | None = None,
    **options: Any,
) -> BenchResult:
    known = {"seconds": 0.3, "isolate": True}
    request = Request(CellSource.from_text(text), namespace, **(known | options))
    return bench_cell(request, Surroundings(StreamOutput(), launch=launch))


def one_each() -> Callable[[Task], Answer]:
    """One real process for each arm, whose answer serves every repetition: they take seconds."""
    answers: dict[str, Answer] = {}

    def launch(task: Task) -> Answer:
        if task.name not in answers:
            answers[task.name] = run_task(task)
        return answers[task.name]

    return launch


def test_alternatives_in_fresh_processes(capfd: pytest.CaptureFixture[str]) -> None:
    cell = f"print('once')\n# --- one\n{WORK}\nwork()\n# --- two\nwork()\nlen(os.listdir('/'))"
    namespace = notebook(os=os)
    result = bench(cell, namespace, one_each())
    assert capfd.readouterr().out == "once\n"
    for arm in result.arms:
        assert (arm.status, arm.reason) == ("ok", "")
        assert len(arm.ranks) == len(arm.samples) == result.rounds == 3
        assert all(len(rank) > 1 for rank in arm.ranks)
    assert result["two"].speedup_interval is not None
    assert result.notes == ()
    assert BenchResult.from_json(result.to_json()) == result
    assert set(namespace) == {"__name__", "__builtins__", "os", "work"}


def test_modes_of_pytorch_in_fresh_processes() -> None:
    torch.manual_seed(0)
    code = (
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layer = nn.Linear(8, 4)\n"
        "    def forward(self, x):\n"
        "        return self.layer(x).relu()\n"
        "model = Net()\n"
        "def loss_of(y): return (y ** 2).mean()"
    )
    namespace = notebook(code, torch=torch, x=torch.randn(5, 8))
    namespace["optimizer"] = torch.optim.Adam(namespace["model"].parameters())
    cell = (
        "optimizer.zero_grad()\nloss = loss_of(model(x))\nloss.backward()\noptimizer.step()\nloss"
    )
    weights = namespace["model"].layer.weight.clone()
    result = bench(cell, namespace, one_each(), modes=("eager", "trace"))
    assert [arm.status for arm in result.arms] == ["ok", "ok"], result
    assert result["trace"].agrees is True, result["trace"].agreement
    assert result["trace"].compile_seconds > 0  # type: ignore[operator]
    assert any(finding.kind for finding in result["trace"].findings)
    assert torch.equal(namespace["model"].layer.weight, weights)
    assert not namespace["optimizer"].state


def test_a_process_that_crashes_only_when_alone_fails_its_arm() -> None:
    cell = (
        "import os, signal\n# --- one\nwork()\n# --- two\n"
        "if os.getpid() != here:\n    os.kill(os.getpid(), signal.SIGABRT)\n"
    )
    result = bench(cell, notebook(here=os.getpid()), one_each())
    assert result["one"].measured
    assert result["two"].status == "failed"
    assert "SIGABRT" in result["two"].reason


def test_what_cannot_travel_is_named_before_anything_runs(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(InputError, match=r"^lock cannot be taken to another process: cannot"):
        bench("print('runs')\nlock.locked()", notebook(lock=threading.Lock()))
    assert capfd.readouterr().out == ""


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_keeps_the_processes_that_are_done() -> None:
    launched: list[Task] = []

    def launch(task: Task) -> Answer:
        launched.append(task)
        if len(launched) == 4:
            timer = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
            timer.start()
            try:
                return run_task(task)
            finally:
                timer.join()
        return run_task(task)

    result = bench(EQUAL, notebook(), launch)
    assert result.partial
    assert len(launched) == 4
    assert sum(len(arm.ranks) for arm in result.arms) == 3
    assert result.rounds == 1
    assert repr(result).startswith("Partial result")


def test_a_planted_fifth_is_seen() -> None:
    """The short form: one trial; the long one counts."""
    planted = bench(PLANTED, notebook(), seconds=1.2, check=False)
    low, _ = planted["two"].speedup_interval or (9.0, 9.0)
    assert low < 1.0


def test_a_magic_in_a_shell(loaded: InteractiveShell) -> None:
    loaded.run_cell("scale = 3\ndef helper(x):\n    return scale * sum(range(x))")
    result = loaded.run_cell("%%dlbench --isolate -t 0.1 --no-check\nhelper(40)").result
    assert result["python"].measured, result
    assert len(result["python"].ranks) == 3


def test_settings_that_cannot_be_taken_along_are_told() -> None:
    """Compared as a baseline's are; numba and TensorFlow may refuse what came too late."""
    from dataclasses import replace

    from dlmagic.environment import Environment
    from dlmagic.magics.bench.isolated.repetitions import Plan, Repetitions, Series
    from dlmagic.magics.bench.isolated.report import _note_on_conditions

    here = Environment.capture()
    there = replace(here, threads={"torch": 7})
    here = replace(here, threads={"torch": 2})
    series = {"one": Series({0: BenchResult(environment=there)})}
    done = Repetitions(("one",), Plan(3, 1.0), series)
    assert _note_on_conditions(done, here) == (
        "The fresh processes ran with 7 threads; here it is 2 threads.",
    )


@pytest.mark.prove
def test_equal_callables_are_rarely_called_different_in_fresh_processes() -> None:
    """Of 30 trials at most 5 may be wrong: the 99 % binomial limit of 5 %."""
    wrong = sum(
        bench(EQUAL, notebook(), seconds=0.5, check=False, seed=seed)["two"].verdict
        in ("faster", "slower")
        for seed in range(30)
    )
    assert wrong <= 5


@pytest.mark.prove
def test_a_planted_fifth_is_found_in_fresh_processes() -> None:
    """20 repetitions against 24, ten processes each: found in at least 6 of 10 trials."""
    found = sum(
        bench(PLANTED, notebook(), seconds=20.0, check=False, seed=seed)["two"].verdict == "slower"
        for seed in range(10)
    )
    assert found >= 6


@pytest.mark.prove
def test_luck_of_a_process_is_covered() -> None:
    """Two arms whose processes draw their speeds: the interval covers 1 in 26 of 30 trials."""
    covered = 0
    for seed in range(30):
        result = bench(f"# --- one\n{LUCK}\n# --- two\n{LUCK}", notebook(), check=False, seed=seed)
        low, high = result["two"].speedup_interval or (0.0, 9.0)
        covered += low <= 1 <= high
    assert covered >= 25
