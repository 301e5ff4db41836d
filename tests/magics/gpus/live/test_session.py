"""A live view from its beginning to its end, in a script and in a real kernel."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlmagic.errors import InputError
from dlmagic.magics.gpus.live import session
from dlmagic.magics.gpus.live.running import LiveSession
from dlmagic.magics.gpus.live.sampler import THREAD
from dlmagic.magics.gpus.live.session import live
from tests.devices.double.boards import GIB, Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.display.live.test_widget import WIDGET, of_kind
from tests.shell.kernels import Kernel, started_kernel


def sampler_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


def wait_for_readings(view: LiveSession, count: int) -> None:
    with view.heard:
        assert view.heard.wait_for(lambda: view.result().readings >= count, 10)


def test_a_script_gets_the_history(machine) -> None:
    played = machine(Board(used=4 * GIB, utilization=80), Board())
    with live("1s") as view:
        wait_for_readings(view, 1)
        played.change(0, utilization=20)
        wait_for_readings(view, 2)
        assert "so far" in repr(view.result())
    result = view.result()
    use = result["GPU 0: NVIDIA H100 80GB HBM3"].utilization
    assert (use.least, use.most, use.last) == (20, 80, 20)
    assert result.ended == "stopped"
    assert result.environment is not None
    assert "ended: stopped" in repr(view)


def test_stopping_leaves_no_thread_and_the_library_ended(machine) -> None:
    played = machine()
    for _ in range(3):
        view = live(60)
        wait_for_readings(view, 1)
        begun = time.monotonic()
        assert session.stop().readings == 1
        assert time.monotonic() - begun < 20  # and not a period
        assert not sampler_threads()
    assert len(played.calls("nvmlInitWithFlags")) == len(played.calls("nvmlShutdown")) == 3
    assert view.stop() is view.stop() is view.result()


def test_a_second_one_ends_the_first(machine) -> None:
    machine()
    first = live(60)
    second = live(60)
    assert len(sampler_threads()) == 1
    assert first.result().ended == "another live view was opened"
    assert second.running
    session.end("dlmagic was unloaded")
    assert second.result().ended == "dlmagic was unloaded"


def test_an_interrupt_while_it_ends_leaves_nothing_behind(machine, interrupts) -> None:
    played = machine()
    view = live(60)
    wait_for_readings(view, 1)
    played.break_down("nvmlShutdown", hang=1)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        view.stop()
    timer.join()
    played.mend()
    assert session._current is None
    for thread in sampler_threads():
        thread.join(5)
        assert not thread.is_alive()
    assert view.result().ended == "stopped"


def test_a_driver_that_hangs_does_not_keep_it_from_ending(machine) -> None:
    played = machine()
    view = live(1)
    wait_for_readings(view, 1)
    played.break_down("nvmlDeviceGetTemperature", hang=60)
    time.sleep(1.2)
    begun = time.monotonic()
    view.stop()
    assert time.monotonic() - begun < 20
    played.mend()
    for thread in sampler_threads():
        thread.join(5)


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("0.1s", "1s to 60s"),
        ("2h", "such as 2s"),
        ("often", "such as 2s"),
        (float("nan"), "such as 2s"),
        ("5min", "1s to 60s"),
        ("-2s", "such as 2s"),
    ],
)
def test_a_period_that_cannot_be_is_refused(every: str | float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        live(every)
    assert session._current is None


@pytest.mark.parametrize("every", [2, "2", "2s", "2000ms", " 2 s "])
def test_a_period_is_written_in_many_ways(machine, every: str | float) -> None:
    machine()
    with live(every) as view:
        assert view.result().period == 2


def test_stopping_what_is_not_there_says_so() -> None:
    with pytest.raises(InputError, match="No live view is open"):
        session.stop()


def test_a_fork_does_not_end_the_view_of_its_parent(libraries: Libraries, tmp_path: Path) -> None:
    played = Machine(tmp_path)
    code = (
        "import os, sys, time\n"
        "from dlmagic.magics.gpus.live.session import live\n"
        "view = live(1); time.sleep(0.5); child = os.fork()\n"
        "if child == 0: sys.exit(0)\n"
        "os.waitpid(child, 0); print(view.running)"
    )
    environment = played.environment(libraries.of("580"))
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (shown.stdout, shown.stderr) == ("True\n", "")
    inits, ends = (played.calls(name) for name in ("nvmlInitWithFlags", "nvmlShutdown"))
    assert len(inits) == len(ends) == 1  # also at the end of the program
    played.close()


SEEN = r"(this machine|\d+ GPUs?)"  # the kernel sees the machine that there is


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        kernel.run("from dlmagic.magics.gpus.live import session; from time import sleep")
        yield kernel


def test_a_cell_shows_it_and_a_later_one_ends_it(kernel: Kernel) -> None:
    kernel.run("session.live(1)")
    (shown,) = of_kind(kernel, "display_data")
    assert of_kind(kernel, "execute_result") == []
    assert set(shown["data"]) == {WIDGET, "text/plain", "text/html"}
    assert re.match(f"1 reading of {SEEN}, so far", shown["data"]["text/plain"])
    kernel.run("sleep(2.5)")
    news = [each["data"]["content"] for each in of_kind(kernel, "comm_msg")]
    assert len([each for each in news if each["kind"] == "news"]) >= 2
    kernel.run("history = session.stop()")
    (update,) = of_kind(kernel, "update_display_data")
    assert WIDGET not in update["data"]
    assert update["transient"] == shown["transient"]
    kernel.run("history")
    assert kernel.text("execute_result") == update["data"]["text/plain"]


def test_one_that_has_ended_shows_what_it_saw(kernel: Kernel) -> None:
    kernel.run("view = session.live(1)")
    assert of_kind(kernel, "display_data") == []
    kernel.run("view")
    assert WIDGET in of_kind(kernel, "display_data")[0]["data"]
    kernel.run("view.stop(); view")
    (shown,) = of_kind(kernel, "display_data")
    assert WIDGET not in shown["data"]
    assert re.match(rf"\d+ readings? of {SEEN}", shown["data"]["text/plain"])


def test_a_kernel_that_ends_leaves_the_static_form(kernel: Kernel) -> None:
    kernel.run("session.live(1)")
    kernel.client.shutdown()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        message = kernel.client.get_iopub_msg(timeout=20)
        if message["msg_type"] == "update_display_data":
            break
    assert "the kernel ended" in message["content"]["data"]["text/plain"]
    assert WIDGET not in message["content"]["data"]
