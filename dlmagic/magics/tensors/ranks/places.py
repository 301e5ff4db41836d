"""Findings of engines in the notebook's words: on which ranks, and in which of its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from dlmagic.errors import RankError
from dlmagic.finding import Finding
from dlmagic.magics.tensors.explain.result import Explanation

NameOfCell = Callable[[str], str | None]
_CELL = re.compile(r"<(?:cell|ipython-input)[^>]*>|/\S*ipykernel_\d+/\d+\.py")
"""What an engine calls the code of a cell."""
_OTHER = "a cell of %%px"
_MOST = 6


def explanation_on_rank(error: RankError, name_of_cell: NameOfCell) -> Explanation | None:
    """What the engine knows of the mistake behind an error of its; None where that is nothing."""
    if error.explanation is None:
        return None
    found = Explanation.from_dict(error.explanation)

    def placed(finding: Finding) -> Finding:
        return on_ranks(in_notebook(finding, name_of_cell), [error.rank], None)

    return replace(
        found,
        findings=tuple(map(placed, found.findings)),
        finding=None if found.finding is None else placed(found.finding),
        alternatives=tuple(map(placed, found.alternatives)),
        notes=tuple(
            _CELL.sub(lambda match: name_of_cell(match[0]) or _OTHER, note) for note in found.notes
        ),
    )


def merged(found: Sequence[Sequence[Finding]], name_of_cell: NameOfCell) -> tuple[Finding, ...]:
    """Findings of all ranks, by rank; the same one on several ranks once.

    Numbers in the words may vary with the data of a rank; it is the same mistake where kind, place
    and operands are.
    """
    seen: dict[object, tuple[Finding, list[int]]] = {}
    for rank, findings in enumerate(found):
        for each in findings:
            key = (each.kind, each.cell, each.line, each.source, each.operands)
            seen.setdefault(key, (each, []))[1].append(rank)
    told = [
        on_ranks(in_notebook(finding, name_of_cell), ranks, len(found))
        for finding, ranks in seen.values()
    ]
    return tuple(sorted(told, key=lambda each: each.line or 0))


def on_ranks(finding: Finding, ranks: Sequence[int], size: int | None) -> Finding:
    """The same finding, which says where it was seen.

    Args:
        finding: What was seen.
        ranks: Where.
        size: How many ranks there are; None where that is no matter.
    """
    unique = list(dict.fromkeys(ranks))
    where = in_words(unique, size)
    return replace(finding, message=f"{where}: {finding.message}", ranks=tuple(unique))


def in_words(ranks: Sequence[int], size: int | None) -> str:
    """Where it was.

    >>> in_words([0, 1], 2), in_words([1], 2), in_words([0, 2, 3], 8)
    ('On all ranks', 'On rank 1', 'On ranks 0, 2 and 3')
    """
    if len(ranks) == size and len(ranks) > 1:
        return "On all ranks"
    if len(ranks) == 1:
        return f"On rank {ranks[0]}"
    if len(ranks) > _MOST:
        shown = ", ".join(map(str, ranks[:_MOST]))
        return f"On ranks {shown} and {len(ranks) - _MOST} more"
    return f"On ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]}"


def in_notebook(finding: Finding, name_of_cell: NameOfCell) -> Finding:
    """The same finding with its cell called as in the notebook."""
    if finding.cell is None or not _CELL.fullmatch(finding.cell):
        return finding
    return replace(finding, cell=name_of_cell(finding.cell) or _OTHER)
