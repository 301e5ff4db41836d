"""``--room-times``: what each folder of tests has cost, as a table above pytest's last line.

``--room-times=files`` and ``--room-times=tests`` say it more closely.

Waiting costs wall time only, and a busy machine adds to it: compare the time of processors. It
lacks what processes have used that the tests did not wait for, such as engines of ipyparallel.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest


class RoomTimes:
    """Notes the cost of every test where it runs, and adds up in the process that reports."""

    def __init__(self, places: str) -> None:
        self.place_of = PLACES[places]
        self.started = spent()
        self.wall: Counter[str] = Counter()
        self.processor: Counter[str] = Counter()

    def pytest_runtest_logstart(self) -> None:
        self.started = spent()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        report = yield
        before, self.started = self.started, spent()
        report.cost = [now - then for now, then in zip(self.started, before, strict=True)]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        place = self.place_of(report.nodeid)
        self.wall[place] += report.cost[0]
        self.processor[place] += report.cost[1]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("seconds by room", "=")
        terminalreporter.write_line("     wall  processor")
        for place, processor in self.processor.most_common():
            terminalreporter.write_line(f"{self.wall[place]:9.1f} {processor:10.1f}  {place}")
        wall, processor = self.wall.total(), self.processor.total()
        terminalreporter.write_line(f"{wall:9.1f} {processor:10.1f}  together")


def spent() -> tuple[float, float]:
    """Seconds by the clock; those of this process and of the processes it has waited for."""
    return time.perf_counter(), sum(os.times()[:4])


def room(test: str) -> str:
    """The folder that a test belongs to: ``tests/cell``, but ``tests/magics/bench``."""
    folders = PurePosixPath(test.split("::")[0]).parts[:-1]
    return "/".join(folders[: 3 if "magics" in folders else 2])


PLACES: dict[str, Callable[[str], str]] = {
    "rooms": room,
    "files": lambda test: test.split("::")[0],
    "tests": str,
}
