"""Whether the engines are like the notebook, asked before the first work."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dlmagic
from dlmagic.cluster.asking import Asked
from dlmagic.cluster.there import facts as facts_there
from dlmagic.errors import InputError, RankError

_ASK = "exec(source, names := {}) or names['facts'](packages)"
PATIENCE = 15.0
"""Seconds in which every engine must say what it is; it may have other work before."""


@dataclass(frozen=True)
class Facts:
    """What an engine, or the notebook's kernel, says about itself.

    Attributes:
        host: Name of the machine.
        process: Its number there.
        python: Major, minor and micro version.
        dlmagic: Version of dlmagic, or None where it cannot be imported.
        packages: Version of each package asked for, or None where it is not installed.
    """

    host: str
    process: int
    python: tuple[int, int, int]
    dlmagic: str | None
    packages: Mapping[str, str | None]


Ask = Callable[[Any, tuple[int, ...], Sequence[str]], list[Facts]]
"""Asks the engines of a client what they are: the client, the numbers, names of packages."""


def ask_engines(client: Any, ids: tuple[int, ...], packages: Sequence[str]) -> list[Facts]:
    """What every engine says about itself, by rank.

    Raises:
        RankError: One does not answer, or cannot run Python as old as 3.8.
    """
    names = {"source": inspect.getsource(facts_there), "packages": list(packages)}
    asked = Asked.of(client, ids, _ASK, [names] * len(ids))
    until = time.monotonic() + PATIENCE
    found: dict[int, Facts] = {}
    while (answer := asked.next_answer(until)) is not None:
        rank, told = answer
        if not isinstance(told, dict):
            raise RankError(f"Rank {rank} cannot say what it is: {told}", rank=rank)
        found[rank] = Facts(**{**told, "python": tuple(told["python"])})
    if asked.waiting:
        rank = asked.waiting[0]
        raise RankError(
            f"Rank {rank} of {len(ids)} has not answered for {PATIENCE:.0f} s: it is busy with "
            "something else, stopped, or cut off.",
            "Interrupt it with client.send_signal('SIGINT'), or start new engines with "
            "cluster.restart_engines_sync().",
            rank=rank,
        )
    return [found[rank] for rank in sorted(found)]


def facts_here(packages: Sequence[str]) -> Facts:
    """The same about the notebook's kernel."""
    told = facts_there.facts(packages)  # type: ignore[no-untyped-call]
    return Facts(**{**told, "python": sys.version_info[:3]})


def require_alike(here: Facts, engines: Sequence[Facts]) -> None:
    """Refuse engines that would not run the same thing.

    Raises:
        InputError: Says what is other there than here, and on which ranks.
    """
    python = [rank for rank, each in enumerate(engines) if each.python[:2] != here.python[:2]]
    if python:
        other = ".".join(map(str, engines[python[0]].python[:2]))
        raise InputError(
            f"{_on(python)} Python {other} runs; here it is {'.'.join(map(str, here.python[:2]))}.",
            "Start the engines with the Python of this notebook.",
        )
    absent = [rank for rank, each in enumerate(engines) if each.dlmagic is None]
    if absent:
        raise InputError(
            f"{_on(absent)} dlmagic is not installed.",
            f"Install it there with: pip install dlmagic=={dlmagic.__version__}",
        )
    _require_versions(here, engines)


def _require_versions(here: Facts, engines: Sequence[Facts]) -> None:
    names = {"dlmagic": here.dlmagic, **here.packages}
    for name, version in names.items():
        others = [rank for rank, each in enumerate(engines) if _version(each, name) != version]
        if not others:
            continue
        theirs = _version(engines[others[0]], name)
        what = f"{name} {theirs} is installed" if theirs else f"{name} is not installed"
        raise InputError(
            f"{_on(others)} {what}; here it is {version or 'absent'}.",
            f"Install the same version everywhere: pip install {name}=={version or theirs}",
        )


def _version(facts: Facts, name: str) -> str | None:
    return facts.dlmagic if name == "dlmagic" else facts.packages.get(name)


def _on(ranks: Sequence[int]) -> str:
    """``On rank 1``, ``On ranks 1 and 3``, ``On ranks 0, 1, 2 and 5 more``."""
    if len(ranks) == 1:
        return f"On rank {ranks[0]}"
    shown = ", ".join(map(str, ranks[:3]))
    more = f" and {len(ranks) - 3} more" if len(ranks) > 3 else ""
    return f"On ranks {shown}{more}"
