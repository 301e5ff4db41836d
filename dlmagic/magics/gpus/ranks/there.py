"""What an engine does for ``%gpus --on``: look at its machine, pick, and give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlmagic.cluster.there.here import Here
from dlmagic.errors import PickError
from dlmagic.magics.gpus.engine import report
from dlmagic.magics.gpus.pick.current import current
from dlmagic.magics.gpus.pick.engine import give_back, pick
from dlmagic.magics.gpus.request import PickRequest


def read(here: Here, readers: Sequence[int]) -> dict[str, Any] | None:
    """The report of this machine, of the one engine that reads it; the others have nothing to do.

    Args:
        here: The engine.
        readers: The ranks that read, one for each host.
    """
    return report().to_dict() if here.rank in readers else None


def take(here: Here, request: Mapping[str, Any], program: str) -> dict[str, Any]:
    """Pick for this engine, without waiting.

    A pick that cannot be is an answer, too: then the other ranks are not interrupted in theirs.

    Args:
        here: The engine.
        request: The fields of a :class:`PickRequest`, but for the time to wait.
        program: The notebook, as others who look for GPUs are told of it.
    """
    try:
        made = pick(PickRequest(**request), f"{program}, rank {here.rank}")
    except PickError as error:
        kind = type(error).__name__
        return {"failed": {"kind": kind, "message": error.message, "hint": error.hint}}
    return {"picked": made.result().to_dict()}


def undo(_here: Here) -> None:
    """Give back what this engine has picked: not all ranks could."""
    give_back()


def release(_here: Here) -> dict[str, Any] | None:
    """Give back what this engine has picked; None where that is nothing."""
    own = current()
    return None if own is None else own.release().to_dict()
