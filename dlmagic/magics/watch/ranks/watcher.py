"""Watches a model on all ranks: to a session it is the watcher of one model."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from dlmagic.cluster.engines import Engines
from dlmagic.cluster.running import Running
from dlmagic.cluster.there.stuck import PATIENCE
from dlmagic.codec import decode
from dlmagic.display.units import plural
from dlmagic.finding import Finding
from dlmagic.magics.watch.rank_result import RankState
from dlmagic.magics.watch.ranks.gathering import Gathering
from dlmagic.magics.watch.ranks.reduction import Reduction
from dlmagic.magics.watch.ranks.standing import Standing, ranks_in_words
from dlmagic.magics.watch.ranks.there import plain_rate
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.sample_result import Culprit, Overhead, Sample, Silent, Untrained
from dlmagic.magics.watch.watcher import Layer, Listener

_THERE = "dlmagic.magics.watch.ranks.there"
_TO_BEGIN = 120.0
"""Seconds in which every engine must have begun: it may have to import a framework."""
_LAST_WORDS = 10.0
"""Seconds that engines have for what they measured last; one that is busy does not have to."""
ENGINE_ENDED = "its engine ended"
_STUCK = {
    "cut off": f"the cell waited for another rank for {PATIENCE:g} seconds after the interrupt. So "
    "the process group was cut off there: call dlmagic.cluster.init_torch again.",
    "left": f"the cell did not react to the interrupt for {PATIENCE:g} seconds, and dlmagic cannot "
    "end what it does: a collective of another group than that of init_torch ends at its own "
    "timeout.",
}
"""What is said of ranks, by how their cells stood."""


class Hearer(Listener, Protocol):
    """A session's listener, which is told by a thread that receives, and not by the training."""

    def arrived(self) -> None:
        """Something new is there to be taken."""


@dataclass
class RanksModel:
    """Stands for the models of all ranks.

    Attributes:
        name: What they are called there.
        kind: Their class.
    """

    name: str
    kind: str


class RanksWatcher:
    """The models of one name on all ranks, watched from when it is made until :meth:`end`.

    Args:
        engines: The ranks.
        name: What the model is called in their namespaces.
        request: How it is to be watched.

    Raises:
        InputError: A rank has no such model, or it has no such layer.
        RankError: A rank does not answer.
    """

    def __init__(self, engines: Engines, name: str, request: WatchRequest) -> None:
        self.engines, self.name = engines, name
        self._turn = threading.Lock()
        self._standing = [Standing(host) for host in engines.hosts]
        self._heard: list[tuple[int, Any]] = []  # before anybody listens
        self._listener: Hearer | None = None
        self._samples: list[Sample] = []
        self._losses: list[tuple[int, float]] = []
        self._culprits: list[tuple[int, Culprit]] = []
        self._ended = threading.Event()
        self._over = False
        self._running, told = self._begun(request)
        self.framework = str(told[0]["framework"])
        self.layers: tuple[Layer, ...] = decode(told[0]["layers"], tuple[Layer, ...])
        self.model = RanksModel(name, str(told[0]["kind"]))
        self._unlike = [k for k, each in enumerate(told) if each["layers"] != told[0]["layers"]]
        parts = any(each["parts"] for each in told)
        self._gathering = Gathering(name, len(engines), Reduction(parts=parts))

    @property
    def steps(self) -> int:
        """Steps of the rank that is ahead."""
        return max(each.steps for each in self._standing)

    @property
    def skipped(self) -> int:
        """Steps that gradient scalers left out, on the rank with most of them."""
        return max(each.skipped for each in self._standing)

    @property
    def ranks(self) -> tuple[RankState, ...]:
        """How each rank stands."""
        self._look_for_the_dead()
        return tuple(
            RankState(
                rank=rank,
                host=each.host,
                steps=each.steps,
                skipped=each.skipped,
                samples=each.sampled,
                share=each.overhead.share,
                lost=each.lost,
            )
            for rank, each in enumerate(self._standing)
        )

    @property
    def standing(self) -> list[Standing]:
        """The same with what each has found."""
        return self._standing

    def begin(self, listener: Listener) -> None:
        """Hand on what ranks tell; they have begun already."""
        with self._turn:
            self._listener = listener  # type: ignore[assignment]  # a session's is a Hearer
            heard, self._heard = self._heard, []
        for rank, told in heard:
            self._hear(rank, told)

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers; a rank that works hears of it when its cell has ended."""
        if self._listener is not None:  # else they have been chosen with the first request
            self._ask("choose", layers=list(layers))

    def pause(self) -> None:
        """Measure nothing, from when the ranks hear of it."""
        self._ask("pause")

    def resume(self) -> None:
        """Measure again, likewise."""
        self._ask("resume")

    def interrupt(self) -> None:
        """Interrupt what the ranks do."""
        alive = self.engines.alive
        if alive.ids:
            alive.client.send_signal("SIGINT", targets=list(alive.ids), block=False)

    def take(self, *, wait: bool = False) -> list[Sample]:  # noqa: ARG002 - ranks tell unasked
        """Steps of which all ranks that train have told, each as one sample."""
        self._look_for_the_dead()
        with self._turn:
            return self._gathering.ready(all_of_it=self._over)

    def culprits(self) -> list[tuple[int, Culprit]]:
        """Who made values that are not finite, and the rank, as told so far."""
        with self._turn:
            return self._culprits.copy()

    @property
    def apart(self) -> tuple[Finding, ...]:
        """That copies are not the same on all ranks any more, if that was seen."""
        found = self._gathering.apart.finding
        return () if found is None else (found,)

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses of rank 0 that have arrived since it was last called."""
        with self._turn:
            found, self._losses = self._losses, []
        return found

    def overhead(self) -> Overhead:
        """What watching costs the rank that pays most."""
        told = [each.overhead for each in self._standing]
        return max(told, key=lambda each: (each.share or 0.0, each.steps))

    def silent(self) -> tuple[Silent, ...]:
        """Layers that fired on no rank."""
        told = [each for each in self._standing if each.steps] or self._standing
        names = set.intersection(*({one.layer for one in each.silent} for each in told))
        return tuple(one for one in told[0].silent if one.layer in names)

    def untrained(self) -> tuple[Untrained, ...]:
        """None: nobody tells."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """What the user should know, with the rank where it is not of all."""
        return (*self._notes_of_ranks(), *self._own_notes())

    def end(self) -> None:
        """Let all ranks detach, and take their last words; ending again does nothing."""
        if self._over:
            return
        with suppress(Exception):  # engines that are gone have nothing more to say
            running = self.engines.alive.start(f"{_THERE}:end", {"model": self.name})
            self._wait_for_last_words()
            running.close()
        self._over = True
        with suppress(Exception):
            self._running.close()

    def _begun(self, request: WatchRequest) -> tuple[Running, list[dict[str, Any]]]:
        arguments = {
            "model": self.name,
            "rate": plain_rate(request.rate),
            "layers": request.layers,
            "loss": request.loss,
        }
        running = self.engines.start(f"{_THERE}:begin", arguments, told=self._told)
        try:
            return running, running.wait(_TO_BEGIN)
        except BaseException:
            running.close()
            with suppress(Exception):  # some rank may have begun
                self._ask("end")
            raise

    def _told(self, rank: int, told: Any) -> None:
        """Called by the thread that receives."""
        with self._turn:
            if self._listener is None:
                self._heard.append((rank, told))
                return
        self._hear(rank, told)

    def _hear(self, rank: int, told: Mapping[str, Any]) -> None:
        with self._turn:
            samples = self._standing[rank].hear(told)
            if "steps" in told:
                self._gathering.add(rank, samples, told["steps"])
                if rank == 0:
                    self._losses += decode(told["losses"], tuple[tuple[int, float], ...])
            if "culprit" in told:
                culprit = replace(decode(told["culprit"], Culprit), ranks=(rank,))
                self._culprits.append((rank, culprit))
            if "ended" in told:
                self._ended.set()
        if self._listener is not None:
            if "culprit" in told:
                self._listener.not_finite(culprit)
            self._listener.arrived()

    def _ask(self, what: str, **arguments: object) -> None:
        """Have the ranks do something when they come to it."""
        alive = self.engines.alive
        if alive.ids and not self._over:
            alive.start(f"{_THERE}:{what}", {"model": self.name, **arguments}).close()

    def _look_for_the_dead(self) -> None:
        registered = set(self.engines.client.ids)
        with self._turn:
            for rank, number in enumerate(self.engines.ids):
                if number not in registered and not self._standing[rank].lost:
                    self._standing[rank].lost = ENGINE_ENDED
                    self._gathering.gone(rank)

    def _wait_for_last_words(self) -> None:
        until = time.monotonic() + _LAST_WORDS
        while time.monotonic() < until:
            self._look_for_the_dead()
            if all(each.detached or each.lost for each in self._standing):
                return
            self._ended.wait(0.2)
            self._ended.clear()

    def _notes_of_ranks(self) -> list[str]:
        told: dict[str, list[int]] = {}
        for rank, each in enumerate(self._standing):
            for note in each.notes:
                told.setdefault(note, []).append(rank)
        size = len(self._standing)
        return [
            note if len(ranks) == size or ranks == [0] else f"Rank {ranks[0]}: {note}"
            for note, ranks in told.items()
        ]

    def _own_notes(self) -> list[str]:
        notes = [
            f"Rank {rank} on {each.host} told no more after {plural(each.steps, 'step')}, as "
            f"{each.lost}."
            for rank, each in enumerate(self._standing)
            if each.lost
        ]
        for how, said in _STUCK.items():
            stuck = [rank for rank, each in enumerate(self._standing) if each.stuck == how]
            notes += [f"On {ranks_in_words(stuck)}, {said}"] if stuck else []
        if self._gathering.reduction.parts:
            notes.append("Ranks have parts of the parameters: numbers are of all parts together.")
        if self._unlike:
            notes.append(
                f"{self.name} on rank {self._unlike[0]} has other layers than on rank 0: "
                "what only some ranks have is of those alone."
            )
        told = (each.detached or each.lost for each in self._standing)
        busy = [rank for rank, known in enumerate(told) if not known]
        if self._over and busy:
            notes.append(
                f"Rank {busy[0]} was busy when it was unwatched: it is watched there until its "
                "cell has ended."
            )
        return notes
