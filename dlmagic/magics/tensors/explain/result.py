"""What ``%explain`` returns: the mistake behind an error, as a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.finding import Finding
from dlmagic.result import Result


@dataclass(frozen=True)
class OperandInfo:
    """One value that took part in what failed.

    Attributes:
        name: The user's expression for it, such as ``"model.fc1.weight"``.
        kind: Its class.
        shape: Elements per axis, or None.
        dtype: Or None.
        device: Or None.
        contiguous: Whether its elements lie in order, or None.
    """

    name: str
    kind: str
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    contiguous: bool | None = None


@dataclass(frozen=True, repr=False, kw_only=True)
class Explanation(Result):
    """The mistake behind an error.

    Attributes:
        error: The error in one line, with its type.
        finding: The mistake: where, which operands, and the first fix. It is the first of the
            findings; all others are edits that must be made too, in their order.
        operands: The values that took part.
        alternatives: Further fixes, which fit as well as the first.
        notes: What else a reader should know, such as where a value came from.
    """

    view: ClassVar[str] = "dlmagic.magics.tensors.explain.view"

    error: str
    finding: Finding | None = None
    operands: tuple[OperandInfo, ...] = ()
    alternatives: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
