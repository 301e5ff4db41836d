"""What is told of devices that cannot be had: who has them and for how long, or what bars them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from dlmagic.devices.leases.values import Holding, Party
from dlmagic.devices.reading import Reason
from dlmagic.display.units import listed, plural
from dlmagic.magics.gpus.pick.choosing import Candidate
from dlmagic.magics.gpus.pick.sight import Sight

_MOST = 16  # reasons in one message
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def why_none_suits(sight: Sight) -> str:
    """Each device that cannot be had with the reason, equal reasons once."""
    reasons: dict[str, list[Candidate]] = {}
    for each in sight.candidates:
        if not sight.is_free(each):
            reasons.setdefault(why_not(each, sight), []).append(each)
    told = [f"{names(devices)}: {why}" for why, devices in reasons.items()]
    more = [f"and {len(told) - _MOST} more reasons"] if len(told) > _MOST else []
    return "; ".join([*told[:_MOST], *more])


def why_not(candidate: Candidate, sight: Sight) -> str:
    """Why a device cannot be had; who holds it comes before what he does there."""
    party = sight.parties.get(candidate.uuid)
    return candidate.bar if party is None else has_it(party)


def has_it(party: Party) -> str:
    """Who has a device, or for whom it is kept, as a clause."""
    if not isinstance(party, Holding):
        return f"it is kept for {party.who}, who waits"
    who = "this process, or the one that it was forked from," if party.mine else party.who
    what = "a part of it" if party.part else "it"
    since = "" if isinstance(party.since, Reason) else f" for {lasting(time.time() - party.since)}"
    return f"{who} has had {what}{since}" if since else f"{who} has {what}"


def names(candidates: Sequence[Candidate]) -> str:
    """``"GPU 3"``, ``"GPU 1, 2 and 3"``, ``"instance 1/0 of GPU 0"``."""
    whole = [each.device.words.removeprefix("GPU ") for each in candidates if each.part is None]
    parts = [each.device.words for each in candidates if each.part is not None]
    return listed([*([f"GPU {listed(whole, most=64)}"] if whole else []), *parts], most=64)


def devices_in_words(count: int) -> str:
    """``"a GPU"``, ``"2 GPUs"``."""
    return "a GPU" if count == 1 else plural(count, "GPU")


def lasting(seconds: float) -> str:
    """How long something has lasted, in its two largest units.

    >>> lasting(42), lasting(600), lasting(7500)
    ('42 s', '10 min', '2 h 5 min')
    """
    left, told = max(0, round(seconds)), list[str]()
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number or (size == 1 and not told):
            told.append(f"{number} {unit}")
        elif told:
            break
    return " ".join(told[:2])


def ordinal(number: int) -> str:
    """``"1st"``, ``"2nd"``, ``"11th"``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


def joined(sentences: Iterable[str]) -> str:
    """Sentences in a row; empty ones are left out."""
    return " ".join(filter(None, sentences))
