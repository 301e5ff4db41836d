"""The GPUs of all ranks: a handle that shows them and gives them back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dlmagic.cluster.engines import Engines
from dlmagic.magics.gpus.ranks.pick_result import RankPick, RanksPickResult, RanksReleaseResult
from dlmagic.magics.gpus.ranks.picking import release


class RanksPick:
    """GPUs that all ranks of a cluster have picked, each its own.

    They have them until :meth:`release`, or until the engines end. In ``with`` they are given back
    at the end, but by ranks on which CUDA has started by then.

    Args:
        engines: The ranks.
        picked: What they have picked.
    """

    def __init__(self, engines: Engines, picked: RanksPickResult) -> None:
        self._engines, self._picked = engines, picked

    @property
    def ranks(self) -> tuple[RankPick, ...]:
        """What each rank has."""
        return self._picked.ranks

    @property
    def uuids(self) -> tuple[str, ...]:
        """UUIDs of the GPUs, rank 0's first."""
        return self._picked.uuids

    @property
    def words(self) -> str:
        """Who has what: ``"rank 0 GPU 1, rank 1 GPU 0"``."""
        return self._picked.words

    @property
    def visible_devices(self) -> tuple[str, ...]:
        """What was written into ``CUDA_VISIBLE_DEVICES``, by rank."""
        return self._picked.visible_devices

    @property
    def device(self) -> str:
        """The first GPU of a rank, in a cell that runs on it."""
        return self._picked.device

    @property
    def protected(self) -> bool:
        """Whether nobody else who picks with dlmagic can take the same GPUs."""
        return self._picked.protected

    @property
    def unprotected(self) -> str:
        """Why others can take them all the same; empty where they cannot."""
        return self._picked.unprotected

    @property
    def released(self) -> bool:
        """Whether they have been given back by this handle."""
        return self._picked.released

    def result(self) -> RanksPickResult:
        """What was picked."""
        return self._picked

    def release(self) -> RanksReleaseResult:
        """Give the GPUs back, on all ranks; those on which CUDA has started keep them.

        Raises:
            PickError: They have been given back before.
            RankError: An engine does not answer.
        """
        given = release(self._engines)
        self._picked = replace(self._picked, released=given.released)
        return given

    def __enter__(self) -> RanksPick:
        return self

    def __exit__(self, *_error: object) -> None:
        if not self.released:
            self.release()

    def __repr__(self) -> str:
        return repr(self._picked)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return self._picked._repr_mimebundle_(include, exclude)
