"""Which rank is the trouble when several have failed, and what the user is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import dlmagic.errors
from dlmagic.errors import DLMagicError, InputError, RankError

NEW_ENGINES = "Start new engines with cluster.restart_engines_sync(), or leave it out of the view."
"""What helps where an engine is gone."""


@dataclass(frozen=True)
class Ended:
    """How a rank ended without a value.

    Attributes:
        how: ``died``, ``raised`` or ``interrupted`` (by us, as others had failed or were late).
        kind: Name of the exception.
        message: What it says.
        hint: What to do, where dlmagic raised it.
        slip: Whether it is an :class:`InputError` of dlmagic.
        waited: Whether the rank was in a collective, so that another one may be the cause.
        traceback: The engine's own.
        culprit: The rank that the exception itself names, or None.
        explanation: What the engine knows of the mistake, or None.
    """

    how: Literal["died", "raised", "interrupted"]
    kind: str = ""
    message: str = ""
    hint: str = ""
    slip: bool = False
    waited: bool = False
    traceback: str = ""
    culprit: int | None = None
    explanation: dict[str, Any] | None = None

    @classmethod
    def told(cls, error: Mapping[str, Any]) -> Ended:
        """From what :func:`dlmagic.cluster.there.trouble.trouble_of` wrote."""
        how: Literal["raised", "interrupted"] = (
            "interrupted" if error["kind"] == "KeyboardInterrupt" else "raised"
        )
        return cls(
            how,
            error["kind"],
            error["message"],
            error["hint"],
            error["slip"],
            error["waited"],
            error["traceback"],
            error["rank"],
            error.get("explanation"),
        )

    @classmethod
    def by_ipyparallel(cls, error: object) -> Ended:
        """From an exception that ipyparallel raises in place of an answer."""
        kind = getattr(error, "ename", None) or type(error).__name__
        if kind == "EngineError":
            return cls("died", kind)
        said = str(getattr(error, "evalue", error))
        return cls("raised", kind, said, traceback=str(getattr(error, "traceback", "") or ""))


@dataclass(frozen=True)
class Blame:
    """All that is known after a failure.

    Attributes:
        hosts: Where each rank runs.
        ended: Ranks that ended without a value.
        stuck: Ranks that did not even end when interrupted, with their stack where known.
        late_after: Seconds after which it was too late, or None where that was not the trouble.
    """

    hosts: tuple[str, ...]
    ended: Mapping[int, Ended]
    stuck: Mapping[int, str]
    late_after: float | None

    def error(self) -> DLMagicError:
        """What to raise: about the rank that is the most likely cause."""
        slips = [ended for ended in self.ended.values() if ended.slip]
        if slips and self.late_after is None:
            return _slip(slips[0])
        rank = self._culprit()
        ended = self.ended.get(rank)
        if ended is None:
            return self._about_stuck(rank)
        if ended.how == "died":
            return self._error(rank, f"{self._named(rank)} ended while it worked.", NEW_ENGINES)
        if ended.how == "interrupted":
            return self._about_late(rank, ended)
        said = f"{ended.kind}: {ended.message}" if ended.message else ended.kind
        return self._error(
            rank,
            f"{self._named(rank)} failed: {said}",
            ended.hint,
            ended.traceback,
            ended.explanation,
        )

    def _culprit(self) -> int:
        """The rank to name; of equals the first.

        Whoever died or failed by itself comes before whoever waited for it in a collective, and
        a rank that a failure names before the one that failed of waiting for it.
        """
        named = [ended.culprit for ended in self.ended.values() if ended.culprit is not None]
        places = {rank: self._order(ended) for rank, ended in self.ended.items()}
        places |= {rank: (2 if not where else 4) for rank, where in self.stuck.items()}
        best = min(places, key=lambda rank: (places[rank], rank))
        return named[0] if named and places[best] > 1 else best

    def _order(self, ended: Ended) -> int:
        if ended.how == "died":
            return 0
        if ended.how == "raised" and ended.culprit is None:
            # In a collective that was ended under it, a rank raises; it is no cause then.
            return (5 if self.late_after is not None or self.stuck else 3) if ended.waited else 1
        return 6 if ended.waited or ended.culprit is not None else 4

    def _about_stuck(self, rank: int) -> RankError:
        where = self.stuck.get(rank, "")
        why = "it does not answer an interrupt" if where else "its process is stopped or cut off"
        late = f"within {self.late_after:.3g} s" if self.late_after is not None else "in time"
        return self._error(
            rank,
            f"{self._named(rank)} did not answer {late}: {why}.",
            f"It is not usable before it has gone on. {NEW_ENGINES}",
            where,
        )

    def _about_late(self, rank: int, ended: Ended) -> RankError:
        late = f" within {self.late_after:.3g} s" if self.late_after is not None else ""
        return self._error(
            rank,
            f"{self._named(rank)} did not finish{late} and was interrupted.",
            "Its traceback says where it was.",
            ended.traceback,
        )

    def _named(self, rank: int) -> str:
        host = self.hosts[rank] if rank < len(self.hosts) else ""
        return f"Rank {rank} of {len(self.hosts)}{f' on {host}' if host else ''}"

    def _error(
        self,
        rank: int,
        message: str,
        hint: str = "",
        traceback: str = "",
        explanation: dict[str, Any] | None = None,
    ) -> RankError:
        host = self.hosts[rank] if rank < len(self.hosts) else ""
        return RankError(
            message, hint, rank=rank, host=host, traceback=traceback, explanation=explanation
        )


def _slip(ended: Ended) -> DLMagicError:
    """The same error of dlmagic that the ranks raised."""
    found = getattr(dlmagic.errors, ended.kind, InputError)
    kind = found if isinstance(found, type) and issubclass(found, InputError) else InputError
    return kind(ended.message, ended.hint)
