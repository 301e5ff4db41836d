"""Waiting for others: until they leave, until the time is up, or until an interrupt."""

from __future__ import annotations

import time

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from tests.devices.double.boards import GIB, Board, Process
from tests.magics.gpus.pick.notebook import Refused

UNTOUCHED = "answer = [os.environ.get('CUDA_VISIBLE_DEVICES'), os.environ.get('CUDA_DEVICE_ORDER')]"
TELLING = """
import time
from dlmagic.display import progress
class Line:
    shown, cleared = [], False
    def show(self, text): self.shown.append(text)
    def clear(self): Line.cleared = True
progress.surroundings = lambda **_: Line()
"""


@pytest.fixture
def two(machine):
    """A machine with two GPUs."""
    return machine(Board(), Board())


@pytest.fixture
def waiter(two, notebook):
    """A notebook that is about to wait, and knows what it was shown."""
    other = notebook(two)
    other.run(TELLING)
    return other


@pytest.fixture
def holder(two, notebook):
    """A notebook that has both GPUs."""
    other = notebook(two, JPY_SESSION_NAME="/home/ann/train.ipynb")
    other.run("pick = pick_gpus(2)")
    return other


def refusal(notebook) -> Refused:
    with pytest.raises(Refused) as refused:
        notebook.end()
    return refused.value


def let_it_wait(waiter, code: str = "answer = pick_gpus(wait='1m').visible_devices") -> None:
    """Let it wait, and see that it does."""
    before = len(LeaseFolder().waiting())
    waiter.begin(code)
    end = time.monotonic() + 20
    while len(LeaseFolder().waiting()) == before:
        assert time.monotonic() < end, "it does not wait"
        time.sleep(0.02)
    time.sleep(0.3)  # for its first attempts


def test_one_that_is_released_is_taken(holder, waiter) -> None:
    let_it_wait(waiter)
    holder.run("pick.release()")
    assert waiter.end() == "1"
    assert waiter.run("answer = Line.cleared") is True


def test_the_line_tells_who_has_what_for_how_long(holder, waiter) -> None:
    let_it_wait(waiter, "answer = pick_gpus(2, wait='1m').visible_devices")
    holder.kill()
    assert waiter.end() == "0,1"
    line = waiter.run("answer = Line.shown[-1]")
    assert line.startswith("Waiting for 2 GPUs: 0 s of 1 min, 1st in the queue. GPU 0 and 1: root")
    assert f"(train.ipynb, process {holder.pid}) has had it for" in line


def test_a_second_waiter_is_the_second(holder, waiter, two, notebook) -> None:
    let_it_wait(waiter, "answer = pick_gpus(2, wait='1m').visible_devices")
    second = notebook(two)
    second.run(TELLING)
    let_it_wait(second)
    holder.run("pick.release()")
    assert waiter.end() == "0,1"
    waiter.kill()
    assert second.end() == "1"
    assert "2nd in the queue" in second.run("answer = Line.shown[0]")


@pytest.mark.alone
def test_an_interrupt_ends_it_at_once(holder, waiter) -> None:
    let_it_wait(waiter)
    asked = time.monotonic()
    waiter.interrupt()
    refused = refusal(waiter)
    assert refused.kind == "KeyboardInterrupt"
    assert refused.at - asked < 0.3
    assert waiter.run(UNTOUCHED) == [None, None]
    assert waiter.run("answer = Line.cleared") is True
    holder.run("pick.release()")
    assert waiter.run("answer = pick_gpus(2).visible_devices") == "0,1"  # nothing was kept


@pytest.mark.alone
def test_the_time_is_kept(holder, waiter) -> None:
    waiter.run("try: pick_gpus()\nexcept Exception: pass")  # what is imported once
    begun = time.monotonic()
    waiter.begin("pick_gpus(wait='2s')")
    refused = refusal(waiter)
    assert abs(refused.at - begun - 2) < 0.5
    assert refused.kind == "NothingFreeError"
    assert refused.text.startswith("None of 2 GPUs is free after 2 s of waiting. GPU 0 and 1: root")
    assert "(train.ipynb, process" in refused.text


def test_a_gpu_that_nobody_has_a_lease_on_is_waited_for(two, waiter) -> None:
    for gpu in (0, 1):
        two.enter(gpu, Process(1, 20 * GIB))
    let_it_wait(waiter)
    two.leave(0, 1)
    assert waiter.end() == "0"


def test_a_driver_that_dies_meanwhile(holder, two, waiter) -> None:
    two.enter(0, Process(1, 20 * GIB))
    let_it_wait(waiter)
    two.break_down("nvmlInit_v2", code=999)
    two.break_down("nvmlInitWithFlags", code=999)
    two.break_down("nvmlDeviceGetCount_v2", code=999)
    begun = time.monotonic()
    holder.run("pick.release()")
    refused = refusal(waiter)
    assert refused.kind == "PickError"
    assert "NVML error 999" in refused.text
    assert refused.at - begun < 3


def test_a_driver_that_hangs(two, waiter) -> None:
    two.break_down("nvmlDeviceGetCount_v2", hang=30)
    begun = time.monotonic()
    waiter.begin("pick_gpus(wait='10m')")
    refused = refusal(waiter)
    assert refused.at - begun < 3
    assert "has not answered" in refused.text


def test_one_gpu_that_hangs_does_not_hide_the_other(two, waiter) -> None:
    two.break_down("nvmlDeviceGetName", gpu=1, hang=30)
    assert waiter.run("answer = pick_gpus(wait='10m').visible_devices").startswith("GPU-00000000")
    two.mend()


@pytest.mark.alone
def test_a_waiter_costs_next_to_nothing(holder, waiter) -> None:
    # So long, because a pause by the host of a virtual machine counts as this process's own time.
    code = """
begun, used = time.monotonic(), time.process_time()
try:
    pick_gpus(wait="30s")
except Exception:
    pass
answer = (time.process_time() - used) / (time.monotonic() - begun)
"""
    waiter.run("try: pick_gpus()\nexcept Exception: pass")  # what is imported once
    assert waiter.run(code) < 0.01
