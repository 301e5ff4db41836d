"""What a pick came to, and why these GPUs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dlmagic.devices.reading import Reason
from dlmagic.display.units import data_size, plural
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.gpus.pick.advising import about_frameworks
from dlmagic.magics.gpus.pick.choosing import Candidate, liked
from dlmagic.magics.gpus.pick.claiming import Claimed
from dlmagic.magics.gpus.pick.environment import Written
from dlmagic.magics.gpus.pick.result import PickedGpu, PickResult, Setting
from dlmagic.magics.gpus.pick.sight import Sight


def picked(claimed: Claimed, written: Written, waited: float) -> PickResult:
    """The result of a pick.

    Args:
        claimed: What was taken.
        written: What was set in the environment.
        waited: Seconds that it took.
    """
    return PickResult(
        environment=Environment.capture(),
        findings=(*_entries_that_do_not_count(claimed.sight), *about_frameworks()),
        gpus=tuple(_gpu(place, each) for place, each in enumerate(claimed.devices)),
        why=why_these(claimed.devices, claimed.sight),
        visible_devices=claimed.naming.visible_devices,
        settings=tuple(
            Setting(name, value, written.before[name]) for name, value in written.values.items()
        ),
        why_uuids=str(claimed.naming.why or ""),
        unprotected=str(claimed.leases.protection or ""),
        picked_at=time.time(),
        waited=waited,
    )


def why_these(devices: Sequence[Candidate], sight: Sight) -> str:
    """Why these were chosen, as a clause."""
    count = len(devices)
    suiting = liked(sight.suiting, count)
    if len(suiting) == count:
        return "there is no other" if count == len(sight.candidates) else "no other suits"
    free = [each.info.memory_free for each in suiting]
    if any(isinstance(each, Reason) for each in free):
        return f"the last of {plural(len(suiting), 'GPU')} that suit"
    return _by_memory(devices, suiting)


def _by_memory(devices: Sequence[Candidate], suiting: Sequence[Candidate]) -> str:
    least = min(_free(each) for each in devices)
    others = [each for each in suiting if each not in devices]
    if data_size(max(map(_free, others))) != data_size(least):
        return f"the most free memory ({data_size(least)}) of {len(suiting)} that suit"
    return (
        f"{len(suiting)} suit equally well; the last are taken first, "
        "as programs that do not choose take GPU 0"
    )


def _free(candidate: Candidate) -> int:
    free = candidate.info.memory_free
    return 0 if isinstance(free, Reason) else free


def _gpu(place: int, candidate: Candidate) -> PickedGpu:
    info = candidate.info
    return PickedGpu(
        device=f"cuda:{place}",
        words=candidate.device.words,
        index=candidate.gpu.index,
        uuid=candidate.uuid,
        name=info.name,
        memory_total=info.memory_total,
        memory_free=info.memory_free,
        is_part=candidate.part is not None,
    )


def _entries_that_do_not_count(sight: Sight) -> list[Finding]:
    return [
        Finding(
            "entry-ignored",
            "warning",
            f"CUDA_VISIBLE_DEVICES names {each.entry or 'an empty entry'}, which does not count: "
            f"{each.why}.",
        )
        for each in sight.allocation.refused
    ]
