"""What a reading gives where there is no value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something cannot be read here: ``int | Reason`` is a value or a reason.

    Attributes:
        text: One clause without a full stop, such as ``"this machine has no NVIDIA driver"``.
        code: The number of the error with which a driver refused; None for all other reasons.
    """

    text: str
    code: int | None = None

    def __str__(self) -> str:
        return self.text
