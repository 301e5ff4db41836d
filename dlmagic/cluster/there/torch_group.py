"""The process group of torch.distributed on an engine."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from dlmagic.cluster.there.address import LOCAL, interface_of, own_addresses, reachable
from dlmagic.cluster.there.here import Here

_HOME = "dlmagic.frameworks.torch.process_group"


def open_store(_here: Here, alone: bool, seconds: float) -> dict[str, Any]:
    """On rank 0: start the server by which ranks find each other; where it is reached."""
    port = _process_group().open_store(LOCAL if alone else "0.0.0.0", seconds)
    return {"addresses": own_addresses(alone=alone), "port": port}


def join(
    here: Here, door: dict[str, Any], backend: str, places: Sequence[int], seconds: float
) -> None:
    """On every rank: come into the group.

    Args:
        here: The engine.
        door: What :func:`open_store` returned on rank 0.
        backend: Such as ``"gloo"``.
        places: By rank, its place among the ranks of its host.
        seconds: How long each collective waits for the others.
    """
    address, own = reachable(door["addresses"], door["port"])
    if "nccl" in backend:
        _process_group().use_gpu_of(places[here.rank])
    _process_group().join(
        here.rank,
        here.size,
        address=address,
        port=door["port"],
        interface=interface_of(own),
        backend=backend,
        seconds=seconds,
    )


def tear_down(_here: Here) -> bool:
    """On every rank: leave the group, if there is one."""
    return bool(_process_group().tear_down())


def _process_group() -> Any:
    return importlib.import_module(_HOME)
