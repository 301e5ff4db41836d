"""``dlmagic.cluster.init_torch``: one process group of torch.distributed over all engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dlmagic.cluster.engines import Engines
from dlmagic.cluster.targets import engines_of

_THERE = "dlmagic.cluster.there.torch_group"
_TO_IMPORT = 120.0
"""Seconds that engines have beside the timeout: to import PyTorch from a slow disk, say."""


@dataclass
class TorchGroup:
    """A process group that is up on all engines; also a ``with``, which takes it down.

    Attributes:
        engines: Its ranks.
        backend: Such as ``"gloo"``.
    """

    engines: Engines = field(repr=False)
    backend: str
    _open: bool = True

    def __repr__(self) -> str:
        hosts = len(set(self.engines.hosts))
        state = f"{len(self.engines)} ranks on {hosts} host{'s' if hosts > 1 else ''}"
        return (
            f"<process group of torch.distributed: {self.backend}, {state}>"
            if self._open
            else ("<process group of torch.distributed: closed>")
        )

    def close(self) -> None:
        """Take the group down on all ranks; the engines and their names stay."""
        if self._open:
            self._open = False
            self.engines.run(f"{_THERE}:tear_down")

    def __enter__(self) -> TorchGroup:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def init_torch(view: object, backend: str = "gloo", timeout: float = 60.0) -> TorchGroup:
    """Bring up ``torch.distributed`` over all engines of a view; a cell there then uses DDP.

    Rank 0 is the first engine of the view; its host chooses the address. A group that an earlier
    call brought up is taken down before.

    Args:
        view: A view, client or started cluster of ipyparallel.
        backend: ``"gloo"`` for CPUs, ``"nccl"`` for NVIDIA GPUs; each rank of a host then takes a
            GPU of its own, unless it sees only one.
        timeout: Seconds that a collective waits for a rank before it fails; raise it for ranks
            that have very unequal work.

    Raises:
        InputError: The view cannot be used, or the engines have another group.
        RankError: A rank did not join; no rank has a group then.
        KeyboardInterrupt: The user stopped it; no rank has a group then.
    """
    engines = engines_of(view)
    engines.check(["torch"])
    alone = len(set(engines.hosts)) == 1
    try:
        door = engines.first.run(
            f"{_THERE}:open_store", {"alone": alone, "seconds": timeout}, deadline=_TO_IMPORT
        )[0]
        arguments = {
            "door": door,
            "backend": backend,
            "places": places_on_hosts(engines.hosts),
            "seconds": timeout,
        }
        engines.run(f"{_THERE}:join", arguments, deadline=timeout + _TO_IMPORT)
    except BaseException:
        _tear_down_what_is_left(engines)
        raise
    return TorchGroup(engines, backend)


def _tear_down_what_is_left(engines: Engines) -> None:
    """After a failure, which is what the user must hear of, and not what follows from it."""
    try:
        engines.run(f"{_THERE}:tear_down", deadline=10.0)
    except Exception:
        return


def places_on_hosts(hosts: Sequence[str]) -> list[int]:
    """By rank, how many earlier ranks its host has.

    >>> places_on_hosts(["a", "b", "a"])
    [0, 0, 1]
    """
    seen: Counter[str] = Counter()
    places = []
    for host in hosts:
        places.append(seen[host])
        seen[host] += 1
    return places
