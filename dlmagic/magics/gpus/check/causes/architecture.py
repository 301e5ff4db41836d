"""The package was not compiled for this GPU: it is too new for it, or too old."""

from __future__ import annotations

import re

from dlmagic.magics.gpus.check.evidence import Asked, Told
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause

_BUILT = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")


def without_kernels(asked: Asked) -> Cause | None:
    """None of the architectures that it was built for runs on the first GPU."""
    told = asked.told
    if not isinstance(told, Told) or not told.devices or not told.architectures:
        return None
    place, name, capability = told.devices[0]
    if capability is None or any(_runs_on(each, capability) for each in told.architectures):
        return None
    mine = f"sm_{capability[0]}{capability[1]}"
    newer = capability > _newest(told.architectures)
    return Cause(
        "architecture-missing",
        f"The installed {asked.framework.title} was not compiled for this GPU ({name}, {mine}): "
        f"the GPU is too {'new' if newer else 'old'} for it.",
        (
            f"{place}: {name}, compute capability {capability[0]}.{capability[1]}",
            f"{asked.package} was built for {', '.join(told.architectures)}",
        ),
        f"Install {'a newer' if newer else 'an older'} one, then restart the kernel.",
        install_command(asked, capability),
    )


def _runs_on(built: str, capability: tuple[int, int]) -> bool:
    """Programs run on later GPUs of the same major number; ``compute_`` is translated for all."""
    found = _BUILT.fullmatch(built)
    if found is None:
        return False
    kind, major, minor, bound = found[1], int(found[2]), int(found[3]), found[4]
    if bound == "a":
        return (major, minor) == capability
    if kind == "compute" and not bound:
        return (major, minor) <= capability
    return major == capability[0] and minor <= capability[1]


def _newest(architectures: tuple[str, ...]) -> tuple[int, int]:
    found = (_BUILT.fullmatch(each) for each in architectures)
    return max(((int(each[2]), int(each[3])) for each in found if each), default=(0, 0))
