"""Who may have what is free: first come, first served, as far as their wishes allow.

Every waiter keeps, of what is free and suits it, as much as it wants, or all where that is less;
what those before it keep is not free for it. So someone who wants four GPUs gathers them as they
become free, and someone who wants one of others is served meanwhile: nobody is passed by for
ever, neither the large wish nor the small one. The price is that GPUs stand empty while a large
wish gathers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlmagic.devices.leases.look import Queued
from dlmagic.devices.leases.values import Claim, Waiter


def kept(free: Iterable[Claim], queue: Sequence[Queued]) -> dict[str, Waiter]:
    """For whom GPUs are kept that nobody holds, by UUID.

    Args:
        free: What nobody holds.
        queue: Who waits, the first to be served first.
    """
    left = {claim.uuid: claim for claim in free}
    kept: dict[str, Waiter] = {}
    for each in queue:
        for claim in _chosen(each, left):
            for other in [other for other in left.values() if claim.clashes(other)]:
                kept[other.uuid] = each.waiter
                del left[other.uuid]
    return kept


def _chosen(queued: Queued, free: dict[str, Claim]) -> list[Claim]:
    if queued.ticket is None:
        return []
    wish, declined = queued.ticket.wish, queued.ticket.declined
    suiting = [each for each in wish.claims if each.uuid in free and each.uuid not in declined]
    return suiting[: wish.count]
