"""Single steps of a benchmark, for the tests of the modules that make them."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field

import torch

from dlmagic.cell.checking import Checker
from dlmagic.cell.memory import Memory
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.snapshot import take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.cell.subject import Subject, prepare_subject
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Framework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.contestants import Contestant, make_ready
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.stages import first_runs

TORCH = TorchFramework(backend="eager")
OUTPUT = StreamOutput()


@dataclass
class Steps:
    """A cell in a namespace; each step of its benchmark on demand."""

    text: str
    names: dict[str, object] = field(default_factory=dict)
    block: str | None = None
    frameworks: tuple[Framework, ...] = (TORCH, PlainFramework((TORCH,)))

    def __post_init__(self) -> None:
        self.namespace = {"__name__": "__main__", "__builtins__": builtins, "torch": torch}
        self.namespace.update(self.names)
        self.source = CellSource.from_text(self.text)
        before = take_snapshot(self.namespace, self.namespace, frameworks=self.frameworks)
        self.subject: Subject = prepare_subject(
            self.block, self.source, self.namespace, before, Memory()
        )

    @property
    def request(self) -> Request:
        return Request(self.source, self.namespace)

    def checker(self) -> Checker:
        checks = first_runs([self.subject], self.subject, self.request, Surroundings(OUTPUT))
        return checks.own[None]

    def contestant(self, mode: str = "eager", framework: Framework = TORCH) -> Contestant:
        choice = Choice(mode, self.subject, mode, framework)
        return make_ready(choice, OUTPUT, WallClock(), keep=True)
