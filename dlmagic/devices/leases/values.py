"""What is said about leases: claims and wishes, who holds, who waits."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.devices.reading import Reason


@dataclass(frozen=True)
class Claim:
    """A GPU to take, or an instance of one that is divided (MIG).

    Attributes:
        uuid: ``GPU-…`` or ``MIG-…``.
        parent: For an instance, the UUID of the GPU that it is a part of.
    """

    uuid: str
    parent: str | None = None

    def clashes(self, other: Claim) -> bool:
        """Whether both cannot be had at once: the same, or a part and the whole."""
        return self.uuid in (other.uuid, other.parent) or self.parent == other.uuid


@dataclass(frozen=True)
class Wish:
    """What a waiter waits for.

    Attributes:
        count: How many.
        claims: Of which; those that it likes best come first.
    """

    count: int
    claims: tuple[Claim, ...]


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody who holds or waits. Each field is a value, or the reason for none.

    Attributes:
        pid: Number of the process that took the lock, as the kernel tells it.
        user: Name of its user: the owner of the process, or, where the process cannot be seen
            from here, what that process wrote of itself.
        program: The notebook or program, as it wrote of itself.
        since: Seconds since 1970, as it wrote.
        mine: Whether it is this process, or one that this process was forked from.
        rank: Its place in the view of a cluster that was asked; None where it is no engine of it.
    """

    pid: int | Reason
    user: str | Reason
    program: str | Reason
    since: float | Reason
    mine: bool = False
    rank: int | None = None

    @property
    def who(self) -> str:
        """In words, such as ``"ann (train.ipynb, process 4711)"``; else ``"somebody"``."""
        name = "somebody" if isinstance(self.user, Reason) else self.user
        known = [] if isinstance(self.program, Reason) else [self.program]
        if not isinstance(self.pid, Reason):
            known.append(f"process {self.pid}")
        return f"{name} ({', '.join(known)})" if known else name


@dataclass(frozen=True, kw_only=True)
class Holding(Party):
    """Who has taken a GPU.

    Attributes:
        uuid: Of the GPU, or of the instance.
        part: Whether it has only an instance of that GPU, so that the whole cannot be had.
    """

    uuid: str
    part: bool = False


@dataclass(frozen=True, kw_only=True)
class Waiter(Party):
    """Who waits.

    Attributes:
        wish: For what; None where that cannot be read.
    """

    wish: Wish | None = None
