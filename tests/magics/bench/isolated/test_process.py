"""A fresh process, and its end whatever happens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from torch import nn

from dlmagic.errors import ResultFormatError
from dlmagic.magics.bench.isolated.process import run_task
from dlmagic.magics.bench.isolated.task import Answer
from tests.magics.bench.isolated.tasks import task_of


def test_it_measures_one_arm_and_says_where() -> None:
    answer = run_task(task_of("sum(range(n))", {"n": 50}))
    assert answer.reason == ""
    assert answer.result is not None
    (arm,) = answer.result.arms
    assert (arm.name, arm.status, arm.agrees) == ("plain", "ok", True)
    assert 1e-8 < arm.median < 1e-3  # type: ignore[operator]
    assert answer.result.environment is not None
    assert answer.result.environment.python == sys.version.split()[0]


def test_the_frameworks_are_set_as_they_are_here() -> None:
    """Threads, the default type and precision; a wrong one ends the cell with its line."""
    before = torch.get_default_dtype(), torch.get_float32_matmul_precision()
    cell = (
        "assert torch.get_num_threads() == threads\n"
        "assert torch.get_default_dtype() == torch.float64\n"
        "assert torch.get_float32_matmul_precision() == 'high'\n"
        "assert not torch.is_grad_enabled()\n"
        "model(x)"
    )
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_float32_matmul_precision("high")
        with torch.no_grad():
            names = {"torch": torch, "threads": 1, "model": nn.Linear(3, 2), "x": torch.ones(4, 3)}
            answer = run_task(task_of(cell, names, mode="eager"))
    finally:
        torch.set_default_dtype(before[0])
        torch.set_float32_matmul_precision(before[1])
    assert answer.result is not None, answer
    assert answer.result["eager"].status == "ok", answer.result["eager"].reason
    assert answer.result.environment is not None
    assert answer.result.environment.settings["torch"]["default dtype"] == "torch.float64"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("import os\nos._exit(3)", "exit status 3"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL.*memory runs out"),
        (
            (
                "import os, sys\nprint('first\\nthe last words', file=sys.stderr, flush=True)\n"
                "os._exit(7)"
            ),
            "exit status 7; the last line on standard error: the last words",
        ),
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("x = 1\nx / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_process_that_fails_says_why(cell: str, words: str) -> None:
    answer = run_task(task_of(cell))
    assert answer.result is None
    assert re.search(words, answer.reason), answer.reason
    assert "\n" not in answer.reason
    if "x / 0" in cell:
        assert answer.line == 2


def test_what_the_cell_prints_is_no_answer() -> None:
    cell = "import os\nprint('{}')\nos.write(1, b'{}\\n')"
    assert run_task(task_of(cell)).result is not None


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    """A worker of the cell's that would go on for ever."""
    cell = (
        "import subprocess, sys, os\n"
        "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(place, 'w').write(str(worker.pid))\n"
        "os._exit(1)"
    )
    place = tmp_path / "worker"
    run_task(task_of(cell, {"place": str(place)}))
    assert not _runs(int(place.read_text()))


def _runs(number: int) -> bool:
    for _ in range(50):
        if not psutil.pid_exists(number) or psutil.Process(number).status() == "zombie":
            return False
        time.sleep(0.1)
    return True


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    place = tmp_path / "started"
    cell = f"import time, os\nopen({str(place)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    task = task_of(cell)
    timer = threading.Thread(target=_interrupt_once_there, args=(place,))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_task(task)
    ended = time.monotonic() - start
    timer.join()
    assert ended < 60
    assert not _runs(int(place.read_text()))


def _interrupt_once_there(place: Path) -> None:
    while not (place.exists() and place.read_text()):
        time.sleep(0.05)
    signal.raise_signal(signal.SIGINT)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A kernel that is restarted leaves no process behind."""
    place = tmp_path / "child"
    cell = (
        "import time, os\n"
        "if os.getpid() != parent:\n"
        f"    open({str(place)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)"
    )
    code = (
        f"import dlmagic, os\nparent = os.getpid()\ndlmagic.bench({cell!r}, isolate=True, time=0.1)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    while not (place.exists() and place.read_text()):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert not _runs(int(place.read_text()))


def test_a_folder_with_modules_of_pythons_names_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')")
    task = task_of("1 + 1")
    monkeypatch.chdir(tmp_path)
    assert run_task(task).result is not None


def test_variables_are_set_before_anything_is_imported() -> None:
    task = task_of("import os\nassert os.environ['SAID'] == 'so'")
    task = replace(task, parcel=replace(task.parcel, variables={"SAID": "so"}))
    assert run_task(task).result is not None
    assert "SAID" not in os.environ


@pytest.mark.parametrize(
    "line", [b"", b"[]\n", b"{}\n", b'{"result": 1, "reason": "", "line": 2}\n']
)
def test_another_answer_is_none(line: bytes) -> None:
    with pytest.raises(ResultFormatError):
        Answer.from_line(line)
