"""Where other engines reach this one, and which of several addresses is the right one from here."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import psutil

LOCAL = "127.0.0.1"
_PATIENCE = 5.0
"""Seconds in which an address answers, if it is the right one."""


def own_addresses(*, alone: bool) -> list[str]:
    """Addresses under which this host may be reached, the likeliest first.

    Args:
        alone: Whether all engines are on this host; nothing is opened to the network then.
    """
    if alone:
        return [LOCAL]
    found = [
        address.address
        for name, interface in psutil.net_if_addrs().items()
        if name not in ("docker0", "virbr0")
        for address in interface
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]
    with contextlib.suppress(OSError):
        named = socket.gethostbyname(socket.getfqdn())
        found.sort(key=lambda address: address != named)
    return found or [LOCAL]


def reachable(addresses: Sequence[str], port: int) -> tuple[str, str]:
    """The first address at which somebody listens, and our own address on the way there.

    Raises:
        OSError: There is none.
    """
    for address in addresses:
        with contextlib.suppress(OSError), _connected(address, port) as connection:
            return address, str(connection.getsockname()[0])
    shown = ", ".join(addresses)
    raise OSError(
        f"the host of rank 0 is not reached from here at {shown}, port {port}; "
        "a firewall may stand between the two"
    )


def _connected(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), _PATIENCE)


def interface_of(address: str) -> str | None:
    """The name of the network interface with an address, such as ``"eth0"``."""
    for name, interface in psutil.net_if_addrs().items():
        if any(each.address == address for each in interface):
            return str(name)
    return None
