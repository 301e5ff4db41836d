"""From what a user writes behind ``--on`` to the engines that are meant."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from dlmagic.cluster.engines import Engines
from dlmagic.errors import InputError, MissingPackageError, nearest, what_it_is

START = (
    "Start one with: import ipyparallel as ipp; cluster = ipp.Cluster(n=2); "
    "view = cluster.start_and_connect_sync()[:]"
)
"""How a cluster comes up: three lines, written as one so that they can be pasted anywhere."""

_PATIENCE = 60.0  # seconds until the engines of a cluster that was just started have registered

_CLIENTS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The client of each cluster that was named itself; one is enough."""


def engines_of(target: object, namespace: Mapping[str, object] | None = None) -> Engines:
    """The engines that a client, a view, a started cluster or a name of one of them means.

    Args:
        target: What stands behind ``--on``, or was passed as ``on=``.
        namespace: Where a name is looked up.

    Raises:
        MissingPackageError: ipyparallel is not installed.
        InputError: It means no engines.
    """
    try:
        ipyparallel: Any = importlib.import_module("ipyparallel")
    except ImportError:
        raise MissingPackageError("ipyparallel", "--on") from None
    shown = target if isinstance(target, str) else "on="
    if isinstance(target, str):
        target = _named(target, namespace or {})
    if isinstance(target, ipyparallel.Cluster):
        target = _client_of(target, shown)
    if isinstance(target, ipyparallel.Client):
        engines = Engines(target, _running(target, list(target.ids), shown))
        _require_all(target, shown)
        return engines
    if isinstance(target, ipyparallel.DirectView):
        return Engines(target.client, _running(target.client, _targets(target), shown))
    if isinstance(target, ipyparallel.LoadBalancedView):
        raise InputError(
            f"{shown} hands each task to any one engine, not to all of them.",
            "Give a view of all: view = client[:]",
        )
    raise InputError(
        f"{shown} is not a cluster, client or view, but {what_it_is(target)}.",
        "Give a view, such as view = client[:]",
    )


def names_of_views(namespace: Mapping[str, object]) -> list[str]:
    """What can stand behind ``--on``."""
    ipyparallel: Any = importlib.import_module("ipyparallel")
    kinds = (ipyparallel.Cluster, ipyparallel.Client, ipyparallel.DirectView)
    return [
        name for name, value in namespace.items() if isinstance(value, kinds) and name[0] != "_"
    ]


def _named(name: str, namespace: Mapping[str, object]) -> object:
    if name in namespace:
        return namespace[name]
    if not name.isidentifier():
        raise InputError(
            f"--on takes a name, not {name}.",
            f"Write view = {name} in a cell above, and --on view.",
        )
    known = names_of_views(namespace)
    if known:
        raise InputError(f"There is no view called {name}.", nearest(name, known))
    raise InputError(f"There is no view called {name}, and no cluster is running.", START)


def _client_of(cluster: Any, shown: str) -> Any:
    if not cluster.engines or cluster.controller is None:
        raise InputError(f"{shown} is a cluster that is not running.", START)
    client = _CLIENTS.get(cluster)
    if client is None or client._closed:
        client = _CLIENTS[cluster] = cluster.connect_client_sync()
        with suppress(TimeoutError):  # what is there then is counted by the caller
            client.wait_for_engines(cluster.n or 1, timeout=_PATIENCE, interactive=False)
    return client


def _targets(view: Any) -> list[int]:
    """Numbers of a view's engines in its order, which is that of the ranks."""
    targets = view.targets
    if targets == "all" or targets is None:
        return list(view.client.ids)
    return [targets] if isinstance(targets, int) else list(targets)


def _require_all(client: Any, shown: str) -> None:
    """Refuse a client whose cluster has lost engines: who names it means all of them.

    Raises:
        InputError: There are fewer engines than its cluster was started with.
    """
    started = client.cluster.n if client.cluster is not None else None
    left = len(client.ids)
    if started and left < started:
        raise InputError(
            f"{shown} has {left} of {started} engines: others have ended or are not there yet.",
            "To go on with those that are there: view = client[:], and --on view.",
        )


def _running(client: Any, ids: list[int], shown: str) -> tuple[int, ...]:
    if client._closed:
        raise InputError(
            f"{shown} belongs to a client that was closed.",
            f"If its cluster still runs: view = cluster.connect_client_sync()[:]. {START}",
        )
    running = set(client.ids)
    if not running:
        raise InputError(
            f"{shown} has no engines: none has registered yet, or all have ended.",
            f"Wait for them with client.wait_for_engines(2). {START}",
        )
    if not ids:
        raise InputError(f"{shown} is an empty view.", "Give one of all engines: view = client[:]")
    gone = [str(number) for number in ids if number not in running]
    if gone:
        raise InputError(
            f"{shown} names engines that have ended: {', '.join(gone)}.",
            "Make the view anew: view = client[:]",
        )
    return tuple(ids)
