"""Who has picked GPUs with dlmagic, or waits for them, as the folder of leases tells it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from dlmagic.devices.gpus.owners import Whose
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.label import user_name
from dlmagic.devices.leases.values import Holding as HeldBy
from dlmagic.devices.leases.values import Party, Waiter, Wish
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.result import Holder, Holding


def who_picked(uuids: Sequence[str]) -> Mapping[str, Holding]:
    """Who holds GPUs and instances, and who waits for them; to ask takes nothing.

    Args:
        uuids: Of the GPUs and instances.
    """
    folder = LeaseFolder()
    held = folder.holding(uuids)
    waiting = folder.waiting()
    return {uuid: _holding(held.get(uuid), _waiting_for(uuid, waiting)) for uuid in uuids}


def _holding(party: HeldBy | None, waiting: Sequence[Waiter]) -> Holding:
    # Who has only an instance of a GPU is told there.
    whole = None if party is None or party.part else _holder(party)
    return Holding(whole, tuple(map(_holder, waiting)))


def _waiting_for(uuid: str, waiting: Sequence[Waiter]) -> list[Waiter]:
    return [each for each in waiting if each.wish is not None and _wants(each.wish, uuid)]


def _wants(wish: Wish, uuid: str) -> bool:
    return any(claim.uuid == uuid for claim in wish.claims)


def _holder(party: Party) -> Holder:
    return Holder(
        pid=None if isinstance(party.pid, Reason) else party.pid,
        user=party.user,
        whose=_whose(party),
        since=None if isinstance(party.since, Reason) else party.since,
    )


def _whose(party: Party) -> Whose:
    if party.mine:
        return "this kernel"
    if isinstance(party.user, Reason):
        return "unknown"
    mine = hasattr(os, "getuid") and party.user == user_name(os.getuid())
    return "mine" if mine else "other"
