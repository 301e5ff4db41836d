"""A cell that all ranks run under watch, and what they have seen as one result."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from dlmagic.cell.flow import analyse
from dlmagic.cell.source import CellSource
from dlmagic.cluster.engines import Engines
from dlmagic.cluster.names import require_names
from dlmagic.environment import Environment
from dlmagic.magics.tensors.ranks.places import NameOfCell, merged
from dlmagic.magics.tensors.silent.result import RankSeen, SilentMistakes

_WATCH = "dlmagic.magics.tensors.ranks.there:watch"


@dataclass(frozen=True)
class WatchedOnRanks:
    """What running a cell under watch on all ranks gives.

    Attributes:
        mistakes: What was seen.
        last: The value of the cell's last expression on each rank, as text; empty for none.
    """

    mistakes: SilentMistakes
    last: tuple[str, ...]


def watch_cell_on(
    engines: Engines,
    source: CellSource,
    namespace: Mapping[str, object],
    name_of_cell: NameOfCell,
    printed: list[str],
    *,
    hints: bool,
) -> WatchedOnRanks:
    """Run a cell once on all ranks, each in its own namespace.

    Args:
        engines: The ranks.
        source: The cell.
        namespace: The notebook's own names, for advice on those that the engines do not have.
        name_of_cell: What the user calls the code of a file; None for code of others.
        printed: Is filled with what each rank prints, also where one fails.
        hints: Whether likely mistakes are told of, too.

    Raises:
        SyntaxError: At the user's line.
        InputError: The cell uses a name that an engine does not have.
        RankError: A rank failed or ended; all others were interrupted.
    """
    require_names(engines, needed_names(source), namespace)
    running = engines.start(_WATCH, {"source": asdict(source), "hints": hints})
    try:
        told = running.wait(math.inf)  # a cell takes as long as it takes
    finally:
        running.close()
        with suppress(Exception):  # of an engine that has ended there is nothing
            printed.extend(running.printed(rank) for rank in range(len(engines)))
    seen = [SilentMistakes.from_dict(each["mistakes"]) for each in told]
    mistakes = _joined(seen, engines.hosts, name_of_cell)
    return WatchedOnRanks(mistakes, tuple(each["last"] for each in told))


def needed_names(source: CellSource) -> list[str]:
    """Names that a cell reads and does not bind itself before, in order of first use."""
    names = analyse(ast.parse(source.python, source.filename).body)
    needed = names.exposed | (names.lazy.loads - names.writes.keys())
    return [*(name for name in names.reads if name in needed), *sorted(needed - names.reads.keys())]


def _joined(
    seen: Sequence[SilentMistakes], hosts: Sequence[str], name_of_cell: NameOfCell
) -> SilentMistakes:
    return SilentMistakes(
        environment=Environment.capture(),
        findings=merged([each.findings for each in seen], name_of_cell),
        steps=max(each.steps for each in seen),
        operations=max(each.operations for each in seen),
        complete=all(each.complete for each in seen),
        hints=max(each.hints for each in seen),
        imported=tuple(dict.fromkeys(name for each in seen for name in each.imported)),
        failed=tuple(dict.fromkeys(name for each in seen for name in each.failed)),
        ranks=tuple(
            RankSeen(rank, hosts[rank], each.steps, each.operations)
            for rank, each in enumerate(seen)
        ),
    )
