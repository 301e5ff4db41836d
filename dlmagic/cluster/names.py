"""Names that a cell reads and the engines do not have, with the line that brings them there."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError

if TYPE_CHECKING:
    from dlmagic.cluster.engines import Engines

_PLAIN = (bool, int, float, str, type(None))
_LONGEST = 60  # characters of a value that is worth a line of its own


def names_from_outside(source: CellSource) -> list[str]:
    """What a cell reads and makes nowhere itself, in functions that it defines as well.

    Raises:
        CellError: It cannot be a function, as one with a top-level ``await``.
        SyntaxError: At the user's line.
    """
    reads = compile_cell(source, {}).reads
    return [name for name in reads if name not in names_made(source)]


def names_made(source: CellSource) -> frozenset[str]:
    """Names that a cell binds at its top level, perhaps under a condition."""
    table = symtable.symtable(source.python, source.filename, "exec")
    bound = (each for each in table.get_symbols() if each.is_assigned() or each.is_imported())
    return frozenset(each.get_name() for each in bound)


def require_names(engines: Engines, names: Iterable[str], namespace: Mapping[str, object]) -> None:
    """Refuse a cell that reads a name which some engine does not have.

    Args:
        engines: Where the cell is to run.
        names: What it reads.
        namespace: The notebook's own names.

    Raises:
        InputError: Names the first one, and the line with ``%px`` or ``%%px`` to write.
    """
    wanted = [name for name in dict.fromkeys(names) if not hasattr(builtins, name)]
    missing = engines.run("dlmagic.cluster.there.names:missing", {"names": wanted})
    for name in wanted:
        ranks = [rank for rank, gone in enumerate(missing) if name in gone]
        if ranks:
            raise InputError(_what(name, ranks, len(engines), namespace), _line(name, namespace))


def _what(name: str, ranks: list[int], size: int, namespace: Mapping[str, object]) -> str:
    if len(ranks) < size:
        return f"The cell uses {name}, which rank {ranks[0]} does not have, unlike others."
    if name in namespace:
        return f"The cell uses {name}, which exists only in this notebook's own kernel."
    return f"The cell uses {name}, which exists neither on the engines nor here."


def _line(name: str, namespace: Mapping[str, object]) -> str:
    """What to write so that the engines have it, too."""
    value = namespace.get(name)
    if isinstance(value, ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        return f"Write: %px import {value.__name__}{alias}"
    if name in namespace and isinstance(value, _PLAIN) and len(repr(value)) <= _LONGEST:
        return f"Write: %px {name} = {value!r}"
    return f"Write %%px --local above the cell that makes {name}, and run that again."
