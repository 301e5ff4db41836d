"""The GPUs of this process: a handle that shows them and gives them back."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from types import TracebackType

from dlmagic.devices.cuda.confirmed import confirm
from dlmagic.devices.cuda.state import read_cuda_state
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.turn import Turn
from dlmagic.devices.leases.values import Claim
from dlmagic.magics.gpus.pick.environment import Written
from dlmagic.magics.gpus.pick.lateness import started_by
from dlmagic.magics.gpus.pick.result import PickResult, ReleaseResult

_FORKED = "this process is a fork of the one that picked, and only that one can give it back"
_CONFIRMED = {"confirmed": True, "other GPUs": False}


class Pick:
    """GPUs that this process has picked.

    It has them until :meth:`release`, or until it ends, whatever becomes of this object. In
    ``with`` they are given back at the end, unless CUDA has started on them by then.

    Args:
        picked: What was picked.
        claims: What there are leases on.
        leases: The leases.
        written: What was set in the environment.
    """

    def __init__(
        self, picked: PickResult, claims: Sequence[Claim], leases: Leases, written: Written
    ) -> None:
        self._picked, self._claims, self._written = picked, tuple(claims), written
        self._leases, self._pid = leases, os.getpid()

    @property
    def uuids(self) -> tuple[str, ...]:
        """UUIDs of the GPUs, in the order of ``cuda:0``, ``cuda:1`` and so on."""
        return self._picked.uuids

    @property
    def words(self) -> str:
        """What they are called here: ``"GPU 3"``, ``"GPU 1 and GPU 2"``."""
        return self._picked.words

    @property
    def names(self) -> tuple[str, ...]:
        """Names of their models."""
        return tuple(str(each.name) for each in self._picked.gpus)

    @property
    def visible_devices(self) -> str:
        """What was written into ``CUDA_VISIBLE_DEVICES``."""
        return self._picked.visible_devices

    @property
    def device(self) -> str:
        """The first of them, for ``model.to(pick.device)``."""
        return self._picked.device

    @property
    def protected(self) -> bool:
        """Whether nobody else who picks with dlmagic can take the same GPUs."""
        return self.result().protected

    @property
    def unprotected(self) -> str:
        """Why others can take them all the same; empty where they cannot."""
        return self.result().unprotected

    @property
    def released(self) -> bool:
        """Whether they have been given back."""
        return self._leases.released

    def result(self) -> PickResult:
        """What was picked, as things stand now."""
        state = read_cuda_state()
        found = confirm(self.uuids, state)
        return replace(
            self._picked,
            unprotected=str(self._leases.protection or ""),
            released=self.released,
            confirmed=_CONFIRMED.get(found.answer),
            mistaken="" if self.released else found.words,
        )

    def release(self) -> ReleaseResult:
        """Give the GPUs back, and let the environment be as it was before.

        Where CUDA has started on them, the process keeps them until it ends: then nothing is
        changed, and the result says so.
        """
        why = self._kept_because()
        if why or self.released:
            return ReleaseResult(gpus=self._picked.gpus, released=not why, kept_because=why)
        left_alone = self.end()
        put_back = tuple(each for each in self._picked.settings if each.name not in left_alone)
        return ReleaseResult(
            gpus=self._picked.gpus, released=True, put_back=put_back, left_alone=left_alone
        )

    def end(self) -> tuple[str, ...]:
        """Give back what there is; the names of variables that others have changed meanwhile."""
        left_alone = self._written.put_back()
        self._leases.release()
        return left_alone

    def take_again(self, turn: Turn) -> None:
        """Take what was given back a moment ago, in the same turn."""
        taken = turn.take(self._claims)
        if isinstance(taken, Leases):
            self._leases = taken

    @property
    def leases(self) -> Leases:
        """The leases on the GPUs."""
        return self._leases

    @property
    def is_here(self) -> bool:
        """Whether this process has these GPUs, and is not a fork of the one that has."""
        return self._pid == os.getpid() and not self.released

    def inherited(self) -> dict[str, str]:
        """The environment of this process as it would be without the pick."""
        return self._written.inherited()

    def __enter__(self) -> Pick:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return repr(self.result())

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return self.result()._repr_mimebundle_(include, exclude)

    def _kept_because(self) -> str:
        if self.released:
            return ""
        if self._pid != os.getpid():
            return _FORKED
        state = read_cuda_state()
        return f"{started_by(state)}, which keeps them until it ends" if state.too_late else ""
