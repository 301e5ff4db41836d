"""What a fresh process is asked to do, and what it answers. Both travel as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dlmagic.cell.source import CellSource
from dlmagic.errors import ResultFormatError
from dlmagic.magics.bench.result import BenchResult


@dataclass(frozen=True)
class Parcel:
    """What the cell reads, packed once for all processes.

    Attributes:
        settings: By framework, its settings, pickled; it is loaded before any value is.
        values: The values by name, pickled; of no use outside of our own processes.
        sources: The text of functions that stand in no file, by their file's name.
        variables: Environment variables that a framework needs before it is imported.
    """

    settings: Mapping[str, bytes]
    values: bytes
    sources: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One arm in one fresh process.

    Attributes:
        name: The arm.
        source: Its alternative.
        mode: Its mode.
        seconds: Measuring budget of this process.
        seed: Of the order of the rounds.
        check: Whether answers are compared with the alternative as it is.
        rtol: Relative tolerance, or None.
        atol: Absolute tolerance, or None.
        parcel: What it reads.
    """

    name: str
    source: CellSource
    mode: str
    seconds: float
    seed: int
    check: bool
    rtol: float | None
    atol: float | None
    parcel: Parcel

    def header(self) -> bytes:
        """Everything but the parcel's bytes, on one line, with their lengths."""
        fields = {
            "source": asdict(self.source),
            "options": {
                "modes": [self.mode],
                "seconds": self.seconds,
                "seed": self.seed,
                "check": self.check,
                "rtol": self.rtol,
                "atol": self.atol,
            },
            "sources": dict(self.parcel.sources),
            "settings": {name: len(data) for name, data in self.parcel.settings.items()},
            "values": len(self.parcel.values),
        }
        return json.dumps(fields).encode("ascii") + b"\n"


@dataclass(frozen=True)
class Answer:
    """What became of a task.

    Attributes:
        result: What was measured, with one arm; None where the process failed.
        reason: Why it failed, one sentence.
        line: The user's line where it failed, if known.
    """

    result: BenchResult | None = None
    reason: str = ""
    line: int | None = None

    def to_line(self) -> bytes:
        """The answer on one line."""
        result = None if self.result is None else self.result.to_dict()
        fields = {"result": result, "reason": self.reason, "line": self.line}
        return json.dumps(fields, allow_nan=False).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Answer:
        """Read what :meth:`to_line` wrote.

        Raises:
            ResultFormatError: The line is something else.
        """
        try:
            fields: dict[str, Any] = json.loads(line)
            result = fields["result"]
            reason, number = str(fields["reason"]), fields["line"]
        except (ValueError, TypeError, KeyError):
            raise ResultFormatError(
                "The process answered something that is not a result."
            ) from None
        return cls(None if result is None else BenchResult.from_dict(result), reason, number)
