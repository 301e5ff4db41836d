"""The process group of torch.distributed: brought up, taken down, and cut off where it hangs."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psutil
import torch
import torch.distributed as dist

from dlmagic.errors import InputError
from dlmagic.frameworks.torch._compat import abort_process_group

Ends = tuple[Any, Any]
"""Addresses and ports of a connection, here and there."""


@dataclass
class Group:
    """The process group that this process has by our hand.

    Attributes:
        store: Where ranks find each other; rank 0 holds the server of it.
        others: Connections that were there before it.
        own: Those that came with it.
        world: What the framework has of it, once it is up.
        variables: Environment variables that were set for it.
    """

    store: Any
    others: frozenset[Ends]
    own: frozenset[Ends] = frozenset()
    world: Any = None
    variables: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether it is the group of this process; the user may have taken it down, too."""
        return dist.is_initialized() and self.world is dist.group.WORLD


_GROUPS: list[Group] = []
"""The one of this process, or none."""

_cutting = threading.Lock()


def open_store(address: str, seconds: float) -> int:
    """On rank 0: start the server by which ranks find each other.

    Returns:
        The port that it listens on.

    Raises:
        InputError: There is a process group already that is not ours.
    """
    tear_down()
    if dist.is_initialized():
        raise InputError(
            "The engines have a process group already, which dlmagic did not bring up.",
            "Take it down first: %px torch.distributed.destroy_process_group()",
        )
    others = frozenset(map(_ends, _connections()))
    store = _store(address, 0, is_master=True, wait_for_workers=False, seconds=seconds)
    _GROUPS.append(Group(store, others))
    return int(store.port)


def join(
    rank: int,
    size: int,
    *,
    address: str,
    port: int,
    interface: str | None,
    backend: str,
    seconds: float,
) -> None:
    """On every rank: come into the group; it returns when all have.

    Args:
        rank: Of this process.
        size: How many there are.
        address: Where the server of rank 0 is reached from here.
        port: The port of that.
        interface: The network interface that leads there, or None for the framework's choice.
        backend: Such as ``"gloo"``.
        seconds: How long each collective waits for the others, this one too.
    """
    patience = timedelta(seconds=seconds)
    if rank:
        tear_down()
        others = frozenset(map(_ends, _connections()))
        store = _store(address, port, is_master=False, seconds=seconds)
        _GROUPS.append(Group(store, others))
    group = _GROUPS[0]
    _set_interface(group, interface)
    try:
        dist.init_process_group(
            backend, store=group.store, rank=rank, world_size=size, timeout=patience
        )
        group.world = dist.group.WORLD
        dist.all_gather_object([None] * size, None)  # once it returns, all are connected with all
        group.own = frozenset(map(_ends, _connections())) - group.others
    except BaseException:  # an interrupt, too
        tear_down()
        raise


def _store(address: str, port: int, *, seconds: float, **keywords: bool) -> Any:
    kind: Any = vars(dist)["TCPStore"]  # it is public, but the types of PyTorch do not say so
    return kind(address, port, timeout=timedelta(seconds=seconds), **keywords)


def tear_down() -> bool:
    """Leave the group, if there is one of ours; whether there was."""
    if not _GROUPS:
        return False
    group = _GROUPS.pop()
    try:
        if group.is_up and "nccl" not in dist.get_backend():
            _cut(group)  # gloo would wait for a collective that an interrupt has left behind
    finally:
        if group.is_up:
            dist.destroy_process_group()
        for name in group.variables:
            os.environ.pop(name, None)
    return True


def hang_up() -> bool:
    """Cut the connections of our group, from whatever thread, so that its collectives fail.

    Gloo has no way to end a collective that waits; its ``abort`` does nothing. What waits for
    a connection that is shut down fails at once. NCCL has one. Groups of some of the ranks
    (``new_group``) have connections of their own, which stay.

    Returns:
        Whether there is such a group.
    """
    with _cutting:
        groups = [group for group in _GROUPS if group.is_up]
        for group in groups:
            if "nccl" in dist.get_backend():
                abort_process_group()
            _cut(group)
    return bool(groups)


def use_gpu_of(place: int) -> None:
    """Let this process compute on one GPU of its host.

    Args:
        place: Its place among the ranks of the host; beyond the last GPU it begins again.
    """
    torch.cuda.set_device(place % torch.cuda.device_count())


def _set_interface(group: Group, interface: str | None) -> None:
    """Name the network interface, where the user has not; by itself gloo asks the host's name."""
    names = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
    missing = tuple(name for name in names if name not in os.environ)
    if interface is not None:
        os.environ.update(dict.fromkeys(missing, interface))
        group.variables = missing


def _connections() -> Iterator[Any]:
    process = psutil.Process()
    ask = getattr(process, "net_connections", None) or process.connections  # psutil 6 or older
    yield from ask("tcp")


def _ends(connection: Any) -> Ends:
    return connection.laddr, connection.raddr


def _cut(group: Group) -> None:
    """Shut down all connections of a group."""
    for connection in _connections():
        if connection.status == psutil.CONN_ESTABLISHED and _ends(connection) in group.own:
            _shut_down(connection)


def _shut_down(connection: Any) -> None:
    """Unless its descriptor has become another one's meanwhile."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fd)) as found:
        ports = found.getsockname()[1], found.getpeername()[1]
        if ports == (connection.laddr.port, connection.raddr.port):
            found.shutdown(socket.SHUT_RDWR)
