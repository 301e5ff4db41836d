"""An interrupt waits where it would end the process, and comes through where it may."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from dlmagic.magics.watch.summary.held_interrupts import PATIENCE, HeldInterrupts

pytestmark = pytest.mark.usefixtures("interrupts")


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_it_waits_for_a_place_where_it_may_come_through() -> None:
    done = []
    with HeldInterrupts() as held:
        held.let_through()  # nothing waits
        interrupt()
        done.append("after it")
        with pytest.raises(KeyboardInterrupt):
            held.let_through()
        held.let_through()
    assert done == ["after it"]


def test_it_comes_through_at_the_end_also_after_an_error() -> None:
    done = []

    def fails() -> None:
        with HeldInterrupts():
            interrupt()
            done.append("after it")
            raise ValueError("of the model")

    with pytest.raises(KeyboardInterrupt) as raised:
        fails()
    assert done == ["after it"]
    assert isinstance(raised.value.__context__, ValueError)


def test_who_insists_after_a_while_is_heard_at_once() -> None:
    now = [0.0]
    with HeldInterrupts(lambda: now[0]):
        interrupt()
        interrupt()
        now[0] = PATIENCE
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_afterwards_interrupts_are_as_they_were() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGINT, theirs := lambda number, _: heard.append(number))
    with HeldInterrupts():
        interrupt()
        assert not heard
    assert heard == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is theirs


def test_another_thread_changes_nothing() -> None:
    before, found = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with HeldInterrupts() as held:
            held.let_through()
            found.append(signal.getsignal(signal.SIGINT))

    other = threading.Thread(target=work)
    other.start()
    other.join()
    assert found == [before]


STORM = """
import os, random, signal, threading, time
import torch
from torch import nn
import dlmagic

signal.signal(signal.SIGINT, signal.default_int_handler)
net = nn.Sequential(*(part for _ in range(6) for part in (nn.Linear(32, 32), nn.ReLU())))
x, chance, interrupts = torch.randn(64, 32), random.Random(0), 0
dlmagic.summary(net, x)
began = time.perf_counter()
dlmagic.summary(net, x)
lasts = time.perf_counter() - began

def interrupt():
    time.sleep(chance.random() * lasts)
    os.kill(os.getpid(), signal.SIGINT)

for _ in range(200):
    other = threading.Thread(target=interrupt)
    try:
        other.start()
        dlmagic.summary(net, x)
        other.join()
        time.sleep(0.001)
    except KeyboardInterrupt:
        interrupts += 1
    while other.is_alive():
        try:
            other.join()
        except KeyboardInterrupt:
            pass
hooks = [each for each in net.modules() if each._forward_hooks or each._forward_pre_hooks]
print("interrupts", interrupts > 50, "hooks", len(hooks), signal.getsignal(signal.SIGINT).__name__)
"""


def test_a_summary_may_be_interrupted_at_any_moment() -> None:
    ran = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=300)
    assert ran.stdout.strip() == "interrupts True hooks 0 default_int_handler", ran.stderr[-2000:]
