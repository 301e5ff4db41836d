"""Where ranks meet during a task, without any framework: what each has, what all do next.

Rank 0 opens a socket of ZeroMQ, which every engine has as ipyparallel needs it, and the others
connect to it. Nobody waits for ever: who has not come in time is named.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zmq

from dlmagic.cluster.there.address import own_addresses, reachable
from dlmagic.cluster.there.deciding import Decide, decision
from dlmagic.cluster.there.here import Here
from dlmagic.errors import RankError

PATIENCE = 60.0
"""Seconds that ranks wait for each other by default."""
_LONGER = 5.0
"""Seconds by which the others wait longer than rank 0, which knows who has not come."""

_OPENED: dict[str, zmq.Socket[bytes]] = {}
"""Sockets that :func:`open_door` has opened on this engine, by their secret."""


def open_door(_here: Here, alone: bool) -> dict[str, Any]:
    """On rank 0, before the task: open the socket; how the others find it.

    Args:
        _here: The engine.
        alone: Whether all engines are on one host.
    """
    for socket in _OPENED.values():
        socket.close(linger=0)
    _OPENED.clear()
    secret = secrets.token_hex(16)
    socket = _socket(zmq.ROUTER)
    addresses = own_addresses(alone=alone)
    port = socket.bind_to_random_port("tcp://127.0.0.1" if alone else "tcp://*")
    _OPENED[secret] = socket
    return {"addresses": addresses, "port": port, "secret": secret}


def enter(here: Here, door: dict[str, Any], patience: float = PATIENCE) -> HostOfMeeting | Guest:
    """On every rank, within the task: take part in the meeting.

    Args:
        here: The engine.
        door: What :func:`open_door` returned on rank 0.
        patience: Seconds that rank 0 waits for the others at each point.
    """
    if here.is_first:
        return HostOfMeeting(_OPENED.pop(door["secret"]), here.size, door["secret"], patience)
    address, _own = reachable(door["addresses"], door["port"])
    socket = _socket(zmq.DEALER)
    socket.setsockopt(zmq.IDENTITY, f"{door['secret']}:{here.rank}".encode())
    socket.connect(f"tcp://{address}:{door['port']}")
    return Guest(socket, here.rank, patience + _LONGER)


def _socket(kind: int) -> zmq.Socket[bytes]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    return context.socket(kind)


@dataclass
class HostOfMeeting:
    """Rank 0 of a meeting; also a ``with``, which closes the socket.

    Attributes:
        socket: Where the others come.
        size: How many ranks there are.
        secret: What the others name themselves with.
        patience: Seconds that it waits for them.
    """

    socket: zmq.Socket[bytes]
    size: int
    secret: str
    patience: float

    def __enter__(self) -> HostOfMeeting:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close(linger=1000)

    def meet(self, value: object, decide: Decide, patience: float | None = None) -> Any:
        """See :class:`~dlmagic.cluster.there.deciding.Meeting`."""
        said = [json.dumps(value).encode(), *[b""] * (self.size - 1)]
        until = time.monotonic() + (patience or self.patience)
        for _ in range(1, self.size):
            rank, words = self._next(until, said)
            said[rank] = words
        decided = decision(said, decide)
        for rank in range(1, self.size):
            self.socket.send_multipart([f"{self.secret}:{rank}".encode(), decided])
        return json.loads(decided)

    def _next(self, until: float, came: Sequence[bytes]) -> tuple[int, bytes]:
        """The next rank that comes, and what it says; strangers are not heard."""
        while True:
            left = until - time.monotonic()
            if left <= 0 or not self.socket.poll(int(1000 * left) + 1):
                raise absent([rank for rank, said in enumerate(came) if not said], self.patience)
            who, said = self.socket.recv_multipart()
            secret, _, rank = who.decode("ascii", "replace").partition(":")
            if secrets.compare_digest(secret.encode(), self.secret.encode()):
                return int(rank), said


@dataclass
class Guest:
    """Any other rank of a meeting; also a ``with``, which closes the socket.

    Attributes:
        socket: Leads to rank 0.
        rank: Which one this is.
        patience: Seconds that it waits for rank 0.
    """

    socket: zmq.Socket[bytes]
    rank: int
    patience: float

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close(linger=0)

    def meet(
        self,
        value: object,
        decide: Decide,  # noqa: ARG002 - rank 0 decides
        patience: float | None = None,
    ) -> Any:
        """See :class:`~dlmagic.cluster.there.deciding.Meeting`."""
        self.socket.send(json.dumps(value).encode())
        if not self.socket.poll(int(1000 * (patience or self.patience))):
            raise absent([0], self.patience)
        return json.loads(self.socket.recv())


def absent(ranks: Sequence[int], patience: float) -> RankError:
    """The error about ranks that have not come."""
    more = f" and {len(ranks) - 1} more" if len(ranks) > 1 else ""
    verb = "have" if more else "has"
    return RankError(
        f"Rank {ranks[0]}{more} {verb} not come to where the others wait, for {patience:.3g} s.",
        rank=ranks[0],
    )
