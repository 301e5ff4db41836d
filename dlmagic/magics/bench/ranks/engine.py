"""``%%dlbench --on`` in the notebook: the cell goes to the engines, one result comes back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from dlmagic.cluster.engines import Engines
from dlmagic.cluster.names import names_from_outside, names_made, require_names
from dlmagic.cluster.targets import engines_of
from dlmagic.magics.bench.alternatives import divide
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

_OPTIONS = ("modes", "reference", "seconds", "check", "rtol", "atol", "keep", "seed")
_MOST_PATIENCE = 60.0
"""Seconds that ranks wait for each other; less where the user's own patience is less."""


def bench_on_engines(request: Request, surroundings: Surroundings) -> BenchResult:
    """Time a cell on all engines that a request names.

    Raises:
        InputError: The engines, the cell or an option cannot be used; nothing has run.
        RankError: A rank failed, ended or did not answer; the others were interrupted.
        KeyboardInterrupt: The user stopped it before there was anything to show.
    """
    started = surroundings.clock.now()
    surroundings.tell("asking the engines")
    engines = engines_of(request.on, request.namespace)
    engines.check()
    require_names(engines, _reads(request), request.namespace)
    alone = len(set(engines.hosts)) == 1
    door = engines.first.run("dlmagic.cluster.there.meeting:open_door", {"alone": alone})[0]
    told = _run(engines, _arguments(request, door), request, surroundings)
    result = BenchResult.from_dict(told)
    seconds = surroundings.clock.now() - started
    return replace(result, hosts=engines.hosts, cell=request.source.text, seconds=seconds)


def _reads(request: Request) -> list[str]:
    """Names that the cell reads and that no part of it makes before."""
    alternatives = divide(request.source)
    setup = alternatives.setup
    made = names_made(setup) if setup else frozenset()
    parts = [*([setup] if setup else []), *alternatives.blocks.values()]
    return [name for part in parts for name in names_from_outside(part) if name not in made]


def _arguments(request: Request, door: dict[str, Any]) -> dict[str, object]:
    return {
        "door": door,
        "source": asdict(request.source),
        "options": {name: getattr(request, name) for name in _OPTIONS},
        "patience": min(_MOST_PATIENCE, request.patience),
    }


def _run(
    engines: Engines, arguments: dict[str, object], request: Request, surroundings: Surroundings
) -> object:
    """What rank 0 answers; lines of progress are shown from the thread of the notebook."""
    lines: list[str] = []

    def show() -> None:
        if lines:
            surroundings.tell(lines[-1])
            lines.clear()

    running = engines.start(
        "dlmagic.magics.bench.ranks.member:time_cell",
        arguments,
        told=lambda _rank, line: lines.append(line),
    )
    try:
        told = running.wait(request.patience, while_waiting=show)[0]
    finally:
        running.close()
    with surroundings.output.shown():
        print(running.printed(0), end="")  # noqa: T201 - what the cell printed there
    return told
