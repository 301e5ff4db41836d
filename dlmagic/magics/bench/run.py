"""A benchmark under way: whatever is known when it is interrupted becomes the result."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlmagic.finding import Finding
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.ranks.company import Company


@dataclass
class Run:
    """What has happened so far.

    Attributes:
        contestants: Every alternative in every mode, by name, in the user's order.
        measurement: The times, once they have been taken.
        interrupted: Whether the user stopped it.
        findings: What the user should know about the cell itself.
        notes: What else the user should know.
        company: What was seen of the ranks that timed the cell together, by arm.
    """

    contestants: dict[str, Contestant] = field(default_factory=dict)
    measurement: Measurement | None = None
    interrupted: bool = False
    findings: tuple[Finding, ...] = ()
    notes: list[str] = field(default_factory=list)
    company: dict[str, Company] = field(default_factory=dict)
