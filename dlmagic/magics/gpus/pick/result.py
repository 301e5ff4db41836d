"""What a pick came to, and what giving it back came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.devices.reading import Reason
from dlmagic.result import Result


@dataclass(frozen=True)
class PickedGpu:
    """A GPU that was picked, or an instance of one that is divided (MIG).

    Attributes:
        device: What PyTorch and others call it in this process, such as ``"cuda:0"``.
        words: What it is called here, such as ``"GPU 3"``.
        index: Number of the GPU, as in ``%gpus``.
        uuid: ``GPU-…`` or ``MIG-…``.
        name: Of the model.
        memory_total: Bytes.
        memory_free: Bytes, when it was picked.
        is_part: Whether it is an instance.
    """

    device: str
    words: str
    index: int | Reason
    uuid: str
    name: str | Reason
    memory_total: int | Reason
    memory_free: int | Reason
    is_part: bool = False


def in_words(gpus: tuple[PickedGpu, ...]) -> str:
    """What GPUs are called here: ``"GPU 3"``, ``"GPU 1 and GPU 2"``."""
    *others, last = (each.words for each in gpus)
    return f"{', '.join(others)} and {last}" if others else last


@dataclass(frozen=True)
class Setting:
    """A variable of the environment.

    Attributes:
        name: Such as ``"CUDA_VISIBLE_DEVICES"``.
        value: What the pick wrote into it.
        before: What it was before; None where it was not set.
    """

    name: str
    value: str
    before: str | None = None


@dataclass(frozen=True, repr=False, kw_only=True)
class PickResult(Result):
    """GPUs that a process has picked, as things stood at one moment.

    Attributes:
        gpus: In the order of their numbers, which is that of ``cuda:0``, ``cuda:1`` …
        why: Why these, in one clause.
        visible_devices: What ``CUDA_VISIBLE_DEVICES`` is now.
        settings: What was written into the environment.
        why_uuids: Why UUIDs were written and not numbers; empty where nothing was against numbers.
        unprotected: Why others can take the same GPUs all the same; empty where they cannot.
        picked_at: When, in seconds since 1970.
        waited: Seconds from the question to the pick.
        released: Whether they have been given back.
        confirmed: Whether CUDA has these GPUs in this process; None as long as it has not started.
        mistaken: What is wrong where CUDA has others, and what to do.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.pick.view"

    gpus: tuple[PickedGpu, ...]
    why: str
    visible_devices: str
    settings: tuple[Setting, ...]
    why_uuids: str = ""
    unprotected: str = ""
    picked_at: float
    waited: float = 0.0
    released: bool = False
    confirmed: bool | None = None
    mistaken: str = ""

    @property
    def protected(self) -> bool:
        """Whether nobody else who picks with dlmagic can take the same GPUs."""
        return not self.released and not self.unprotected

    @property
    def uuids(self) -> tuple[str, ...]:
        """The UUIDs."""
        return tuple(each.uuid for each in self.gpus)

    @property
    def words(self) -> str:
        """What they are called here: ``"GPU 3"``, ``"GPU 1 and GPU 2"``."""
        return in_words(self.gpus)

    @property
    def device(self) -> str:
        """The first of them, for ``model.to(pick.device)``."""
        return self.gpus[0].device


@dataclass(frozen=True, repr=False, kw_only=True)
class ReleaseResult(Result):
    """What came of giving picked GPUs back.

    Attributes:
        gpus: Which.
        released: Whether they were given back.
        kept_because: Why they were not; empty where they were.
        put_back: Variables that are again what they were before the pick.
        left_alone: Variables that somebody has changed since the pick, and that stay as they are.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.pick.release_view"

    gpus: tuple[PickedGpu, ...]
    released: bool
    kept_because: str = ""
    put_back: tuple[Setting, ...] = ()
    left_alone: tuple[str, ...] = ()
