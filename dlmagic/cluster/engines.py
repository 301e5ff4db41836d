"""The engines that a view means, as ranks: what runs on all of them at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlmagic.cluster.asking import Asked
from dlmagic.cluster.blame import NEW_ENGINES
from dlmagic.cluster.checking import Ask, Facts, ask_engines, facts_here, require_alike
from dlmagic.cluster.receiver import Receiver, Told
from dlmagic.cluster.running import Running
from dlmagic.errors import RankError

_ANSWER = "__import__('dlmagic.cluster.there.answer', fromlist=['answer']).answer(rank, size, task)"
DEADLINE = 60.0
"""Seconds that a task has by default."""


@dataclass
class Engines:
    """Engines in the order of their ranks.

    Attributes:
        client: The client of ipyparallel that reaches them.
        ids: Their numbers there; the first one is that of rank 0.
        ask: Asks what they are; a test may hand in engines of another version.
    """

    client: Any = field(repr=False)
    ids: tuple[int, ...]
    ask: Ask = field(default=ask_engines, repr=False)
    _checked: dict[str, list[Facts]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def facts(self) -> Sequence[Facts]:
        """What each engine said about itself when it was checked."""
        self.check()
        return next(iter(self._checked.values()))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The machine of each rank."""
        return tuple(facts.host for facts in self.facts)

    @property
    def first(self) -> Engines:
        """Rank 0 alone, for what comes before the others can begin."""
        return self._some([0])

    @property
    def alive(self) -> Engines:
        """Those that have not ended, for what can still be put right; their ranks are others."""
        registered = set(self.client.ids)
        return self._some([rank for rank, each in enumerate(self.ids) if each in registered])

    def _some(self, ranks: Sequence[int]) -> Engines:
        some = Engines(self.client, tuple(self.ids[rank] for rank in ranks), self.ask)
        some._checked = {
            key: [facts[rank] for rank in ranks] for key, facts in self._checked.items()
        }
        return some

    def check(self, packages: Sequence[str] = ()) -> None:
        """Make sure that Python, dlmagic and some packages are there as they are here.

        It is done once; each task asks for it.

        Args:
            packages: Names of packages that the work needs, as pip knows them.

        Raises:
            InputError: Something is other there; says what, and on which ranks.
            RankError: An engine does not answer.
        """
        key = ",".join(sorted(packages))
        if key in self._checked or (not packages and self._checked):
            return
        found = self.ask(self.client, self.ids, packages)
        require_alike(facts_here(packages), found)
        self._checked[key] = found

    def start(
        self, function: str, arguments: Mapping[str, object], *, told: Told | None = None
    ) -> Running:
        """Begin a task on all engines at once, and listen to what they tell until it is closed.

        Args:
            function: ``"dlmagic.some.module:name"``. It is called with a
                :class:`~dlmagic.cluster.there.here.Here` and the arguments by name, in the
                engine's main thread, and returns plain data.
            arguments: Plain data, as JSON knows it; the same for all ranks.
            told: Is called, in one thread of ours, with a rank and what that rank told.
        """
        self._require_alive()
        self.check()
        task = json.dumps({"function": function, "arguments": dict(arguments)}, allow_nan=False)
        names = [{"rank": r, "size": len(self), "task": task} for r in range(len(self))]
        asked = Asked.of(self.client, self.ids, _ANSWER, names)
        return Running(asked, self.hosts, Receiver(asked, told))

    def _require_alive(self) -> None:
        registered = set(self.client.ids)
        for rank, number in enumerate(self.ids):
            if number not in registered:
                raise RankError(
                    f"Rank {rank} of {len(self)} has ended since the view was made.",
                    NEW_ENGINES,
                    rank=rank,
                )

    def run(
        self,
        function: str,
        arguments: Mapping[str, object] | None = None,
        *,
        deadline: float = DEADLINE,
        told: Told | None = None,
    ) -> list[Any]:
        """Run a task on all engines at once; one value per rank.

        Args:
            function: See :meth:`start`.
            arguments: See :meth:`start`.
            deadline: Seconds after which all engines are interrupted.
            told: See :meth:`start`.

        Raises:
            RankError: A rank failed, ended or did not answer; the others were interrupted, and
                the engines can be used again.
            InputError: The ranks raised it: something that the user wrote cannot be used.
            KeyboardInterrupt: The user stopped it.
        """
        running = self.start(function, arguments or {}, told=told)
        try:
            return running.wait(deadline)
        finally:
            running.close()
