"""What holders and waiters write of themselves into their files: strict JSON, one line.

Others write it, so it is information and no more: of limited length, of exactly these types, and
None where anything about it is wrong. Names are stripped of what cannot be printed.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from dlmagic.codec import decode, encode
from dlmagic.devices.leases.lockfile import READ
from dlmagic.devices.leases.values import Wish

_LONGEST_NAME = 120
_LONGEST_LABEL = 4096
LONGEST = 64 * 1024
"""Bytes to read at most."""

MOST = 2**53 - 1
"""The highest number: beyond it they are not exact in every reader of JSON."""


@dataclass(frozen=True)
class Label:
    """Of who holds.

    Attributes:
        pid: Number of its process, as it sees itself.
        began: When its process began, as the kernel counts it: another process that has the same
            number later began at another time.
        user: Name of its user.
        program: The notebook or program.
        since: Seconds since 1970.
    """

    pid: int
    began: int
    user: str
    program: str
    since: float


@dataclass(frozen=True)
class Ticket:
    """Of who waits.

    Attributes:
        label: Who it is.
        number: Who has the least is served first.
        wish: What it waits for.
        declined: UUIDs that do not suit it at present, though nobody has a lease on them.
    """

    label: Label
    number: int
    wish: Wish
    declined: tuple[str, ...] = ()


_KINDS: dict[str, type] = {"label": Label, "ticket": Ticket}


def own_label(program: str, since: float) -> Label:
    """Of this process."""
    pid = os.getpid()
    return Label(pid, process_began(pid), _own_user(), printable(program), since)


def process_began(pid: int, proc: Path = Path("/proc")) -> int:
    """When a process began, in the kernel's clock ticks; 0 where that is not told."""
    try:
        file = os.open(f"{proc}/{pid}/stat", READ)
    except OSError:
        return 0
    try:
        # The name of the program, in brackets, may hold anything; the rest are numbers.
        return int(os.read(file, 4096).rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(file)


def _own_user() -> str:
    if not hasattr(os, "getuid"):  # on Windows
        import getpass

        return printable(getpass.getuser())
    return user_name(os.getuid())


@cache
def user_name(uid: int) -> str:
    """The name of a user; the number of one who has none, as in many containers."""
    import pwd

    try:
        return printable(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return f"user {uid}"


def this_program() -> str:
    """The notebook that this process runs, where its server tells; else the program."""
    notebook = os.environ.get("JPY_SESSION_NAME") or getattr(
        sys.modules.get("__main__"), "__vsc_ipynb_file__", None
    )
    name = Path(str(notebook or sys.argv[0] or "python")).name
    return "a notebook" if name == "ipykernel_launcher.py" else name


def printable(text: str) -> str:
    """A name that can be shown to people."""
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_NAME]


def written(value: Label | Ticket) -> bytes:
    """What to write into a file."""
    return json.dumps(encode(value, type(value))).encode() + b"\n"


def as_label(content: bytes) -> Label | None:
    """What a holder wrote; None where that is not what should be there."""
    found: Label | None = _parsed(content[:_LONGEST_LABEL], "label")
    return found


def as_ticket(content: bytes) -> Ticket | None:
    """What a waiter wrote; None where that is not what should be there."""
    found: Ticket | None = _parsed(content, "ticket")
    return found


@lru_cache(maxsize=64)  # what is written stays the same for long
def _parsed(content: bytes, kind: Literal["label", "ticket"]) -> Any:
    line, end, _ = content.partition(b"\n")
    if not end:
        return None
    try:
        found = decode(json.loads(line.decode(), parse_constant=_refuse), _KINDS[kind])
    except (ValueError, RecursionError):
        return None
    return _printable(found) if _is_sane(found) else None


def _printable(found: Label | Ticket) -> Label | Ticket:
    label = found.label if isinstance(found, Ticket) else found
    label = replace(label, user=printable(label.user), program=printable(label.program))
    return replace(found, label=label) if isinstance(found, Ticket) else label


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _is_sane(found: Label | Ticket) -> bool:
    label = found.label if isinstance(found, Ticket) else found
    if not (math.isfinite(label.since) and 0 <= label.since <= MOST and 0 < label.pid <= MOST):
        return False
    if not isinstance(found, Ticket):
        return True
    return 0 <= found.number <= MOST and 0 < found.wish.count <= MOST
