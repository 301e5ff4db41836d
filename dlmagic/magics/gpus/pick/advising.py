"""What frameworks do with the GPUs that were picked, said while it can still be changed."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.cuda.preallocating import Preallocating, preallocating
from dlmagic.devices.cuda.state import read_cuda_state
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.devices_made import devices_made


def about_frameworks() -> Iterator[Finding]:
    """What a user should know of the frameworks in this process, or of those that may come."""
    for settled in read_cuda_state().settled:
        message = f"{settled} and keeps to them: the pick has no effect on it."
        fix = Fix("Restart the kernel, and run %gpus pick before anything else.")
        yield Finding("framework-settled", "warning", message, fix=fix)
    yield from map(_takes_much, filter(_is_of_interest, preallocating()))


def _is_of_interest(known: Preallocating) -> bool:
    """Whether it is in use, or nothing else is, and something still helps."""
    return bool(known.switches) and (known.loaded or not devices_made())


def _takes_much(known: Preallocating) -> Finding:
    switch = known.switches[0]
    instead = f"with {switch.code} it {switch.effect}"
    return Finding("preallocation", "hint", f"{known.framework} takes {known.takes}; {instead}.")
