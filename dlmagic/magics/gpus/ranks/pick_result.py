"""What the ranks of a cluster have picked, and what they have given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.magics.gpus.pick.result import PickedGpu, PickResult, ReleaseResult
from dlmagic.result import Result


@dataclass(frozen=True)
class RankPick:
    """GPUs of one rank.

    Attributes:
        rank: Its place in the view.
        host: Where it runs.
        pick: What it has picked there.
    """

    rank: int
    host: str
    pick: PickResult


@dataclass(frozen=True, repr=False, kw_only=True)
class RanksPickResult(Result):
    """GPUs that all ranks have picked, each its own.

    Attributes:
        ranks: In their order.
        waited: Seconds from the question to the pick.
        released: Whether they have been given back.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.ranks.pick_view"

    ranks: tuple[RankPick, ...]
    waited: float = 0.0
    released: bool = False

    @property
    def gpus(self) -> tuple[PickedGpu, ...]:
        """Those of all ranks, rank 0's first."""
        return tuple(gpu for each in self.ranks for gpu in each.pick.gpus)

    @property
    def uuids(self) -> tuple[str, ...]:
        """Their UUIDs."""
        return tuple(each.uuid for each in self.gpus)

    @property
    def words(self) -> str:
        """Who has what: ``"rank 0 GPU 1, rank 1 GPU 0"``."""
        return ", ".join(f"rank {each.rank} {each.pick.words}" for each in self.ranks)

    @property
    def visible_devices(self) -> tuple[str, ...]:
        """What was written into ``CUDA_VISIBLE_DEVICES``, by rank."""
        return tuple(each.pick.visible_devices for each in self.ranks)

    @property
    def device(self) -> str:
        """The first GPU of a rank, in a cell that runs on it."""
        return self.gpus[0].device

    @property
    def unprotected(self) -> str:
        """Why others can take them all the same; empty where they cannot."""
        return next((why for each in self.ranks if (why := each.pick.unprotected)), "")

    @property
    def protected(self) -> bool:
        """Whether nobody else who picks with dlmagic can take the same GPUs."""
        return not self.released and not self.unprotected


@dataclass(frozen=True)
class RankRelease:
    """What came of it on one rank.

    Attributes:
        rank: Its place in the view.
        host: Where it runs.
        release: What was given back.
    """

    rank: int
    host: str
    release: ReleaseResult


@dataclass(frozen=True, repr=False, kw_only=True)
class RanksReleaseResult(Result):
    """What came of giving back the GPUs of all ranks.

    Attributes:
        ranks: Those that had some.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.ranks.release_view"

    ranks: tuple[RankRelease, ...]

    @property
    def gpus(self) -> tuple[PickedGpu, ...]:
        """Which."""
        return tuple(gpu for each in self.ranks for gpu in each.release.gpus)

    @property
    def released(self) -> bool:
        """Whether all were given back."""
        return all(each.release.released for each in self.ranks)

    @property
    def kept_because(self) -> str:
        """Why some were not, with the rank; empty where all were."""
        kept = (each for each in self.ranks if not each.release.released)
        return next((f"rank {each.rank}: {each.release.kept_because}" for each in kept), "")
