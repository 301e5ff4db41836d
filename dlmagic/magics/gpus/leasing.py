"""Who has picked GPUs with ``%gpus pick``, and who waits for them, as the leases tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.values import Holding, Waiter


@dataclass(frozen=True)
class Standing:
    """Of a GPU, or of an instance of one.

    Attributes:
        held_by: Who has picked it; None for nobody.
        waiting: Who would take it, the next to be served first.
    """

    held_by: Holding | None = None
    waiting: tuple[Waiter, ...] = ()


NOBODY = Standing()

Holders = Callable[[Sequence[str]], Mapping[str, Standing]]
"""Tells who has picked GPUs and instances, or waits for them, by their UUIDs."""


def leased(uuids: Sequence[str]) -> dict[str, Standing]:
    """Who holds these, and who waits for them; to ask takes nothing."""
    folder = LeaseFolder()
    holding, waiting = folder.holding(uuids), folder.waiting()
    return {uuid: Standing(holding.get(uuid), _for(uuid, waiting)) for uuid in uuids}


def without_leases(uuids: Sequence[str]) -> dict[str, Standing]:  # noqa: ARG001 - whichever
    """To look at GPUs alone; whoever picks asks for leases at another moment."""
    return {}


def _for(uuid: str, waiting: Sequence[Waiter]) -> tuple[Waiter, ...]:
    return tuple(
        each
        for each in waiting
        if each.wish is not None and any(claim.uuid == uuid for claim in each.wish.claims)
    )
