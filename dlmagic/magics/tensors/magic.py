"""``%tensors`` and ``%%tensors``: read the options, look or watch, return what was seen.

An ordinary cell that has run is looked at, too, as far as that needs no watching.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from dlmagic.errors import InputError
from dlmagic.shell.cells import (
    cell_source,
    deliver,
    ends_with_semicolon,
    name_of_cell,
    uses_own_magic,
)
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options
from dlmagic.shell.settings import settings

if TYPE_CHECKING:
    from dlmagic.magics.tensors.silent.unwatched import UnwatchedCells


def _orders() -> Iterable[str]:
    from dlmagic.magics.tensors.request import SORT_KEYS

    return SORT_KEYS


def _names() -> Iterable[str]:
    """Names of the notebook that may be tensors or lead to some."""
    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    return [name for name in names if not name.startswith("_")]


@magics_class
class TensorMagics(Magics):
    """The magics of this room, and the event that looks at what ordinary cells leave."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        events: Any = shell.events
        events.register("post_run_cell", self._after_cell)

    def unload(self) -> None:
        """Take the event away."""
        events: Any = self.shell.events
        events.unregister("post_run_cell", self._after_cell)

    @magic_options(examples=("%tensors x* --sort size", "%%tensors --hints"))
    @option(
        "--sort",
        metavar="KEY",
        values=_orders,
        default="name",
        help="order by name (default), size, shape, dtype, device or kind",
    )
    @option("--values", action="store_true", help="look at the numbers, too: mean, extremes, NaN")
    @option("--hints", action="store_true", help="above a cell: likely mistakes, too")
    @option("--on", metavar="VIEW", help="above a cell: run it on all engines of a cluster")
    @result_options
    @option("pattern", nargs="?", values=_names, help="only these names, such as x* or model")
    @no_var_expand
    @line_cell_magic
    @translate_errors
    def tensors(self, line: str, cell: str | None = None) -> object:
        """List the notebook's tensors and arrays, or watch a cell for mistakes that raise nothing.

        The list shows shape, dtype, device, memory and who keeps each tensor; the numbers in it are
        not looked at. Above a cell, the cell runs once, as it is, and what it computes and learns
        is watched.
        """
        options = parse(self.tensors, line)
        if options is None:
            return None
        if cell is not None:
            return self._watch(options, line, cell)
        if options.hints:
            raise InputError("--hints is for %%tensors above a cell.")
        if options.on is not None:
            raise InputError("--on is for %%tensors above a cell.")
        from dlmagic.magics.tensors.engine import table_of
        from dlmagic.magics.tensors.request import Request

        request = Request(
            namespace=self.shell.user_ns,
            pattern=options.pattern or "",
            sort=options.sort,
            values=options.values,
            outputs=dict(self.shell.user_ns.get("_oh", {})),
            traceback=getattr(sys, "last_traceback", None),
        )
        return deliver(self.shell, options, table_of(request))

    def _watch(self, options: argparse.Namespace, line: str, cell: str) -> object:
        """Run the cell under watch, and show its value."""
        if options.pattern or options.values or options.sort != "name":
            raise InputError(
                "Above a cell, %%tensors takes --hints, --on, -o and -q alone.",
                "%tensors on a line of its own lists tensors.",
            )
        if options.on is not None:
            return self._watch_on(options, line, cell)
        from dlmagic.magics.tensors.silent.engine import watch_cell

        watched = watch_cell(
            cell_source(self.shell, f"%%tensors {line}".rstrip(), cell),
            self.shell.user_ns,
            lambda file: name_of_cell(self.shell, file),
            hints=options.hints,
        )
        if watched.last is not None and not ends_with_semicolon(cell):
            display(watched.last)
        return deliver(self.shell, options, watched.mistakes)

    def _watch_on(self, options: argparse.Namespace, line: str, cell: str) -> object:
        """Run the cell under watch on all engines, and show what they print and its values."""
        from dlmagic.cluster.targets import engines_of
        from dlmagic.magics.tensors.ranks.watching import watch_cell_on

        printed: list[str] = []
        try:
            watched = watch_cell_on(
                engines_of(options.on, self.shell.user_ns),
                cell_source(self.shell, f"%%tensors {line}".rstrip(), cell),
                self.shell.user_ns,
                lambda file: name_of_cell(self.shell, file),
                printed,
                hints=options.hints,
            )
        finally:
            _show_of_ranks(printed)
        if not ends_with_semicolon(cell):
            _show_of_ranks(watched.last)
        return deliver(self.shell, options, watched.mistakes)

    @cached_property
    def _unwatched(self) -> UnwatchedCells:
        from dlmagic.magics.tensors.silent.unwatched import UnwatchedCells

        return UnwatchedCells(self.shell.transform_cell)

    def _after_cell(self, result: Any) -> None:
        """Show what is wrong with a cell that complained of nothing; whatever happens, quietly."""
        text = getattr(getattr(result, "info", None), "raw_cell", None)
        if not text or not result.success or not settings(self.shell).check_cells:
            return
        try:
            if uses_own_magic(self.shell, text):
                return
            seen = self._unwatched.mistakes_in(text, self.shell.user_ns)
        except Exception as problem:  # the user's own work is what matters
            print(_REPORT.format(type(problem).__name__, problem), file=sys.stderr)  # noqa: T201
            return
        if seen is not None:
            display(seen)


def _show_of_ranks(texts: Sequence[str]) -> None:
    """What each rank has to show, the same of all once."""
    if len(texts) > 1 and len(set(texts)) == 1 and texts[0]:
        print(f"[all ranks] {texts[0].rstrip()}")  # noqa: T201 - what the cell printed there
        return
    for rank, text in enumerate(texts):
        if text:
            print(f"[rank {rank}] {text.rstrip()}")  # noqa: T201 - likewise


_REPORT = (
    "dlmagic could not check this cell ({}: {}). Please report it with %dlmagic env; "
    "%config DLMagic.check_cells = False turns the checks off."
)
