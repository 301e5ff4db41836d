"""Cells compiled and run without a notebook, for the tests of the single modules."""

from __future__ import annotations

import ast
import builtins
from textwrap import dedent

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.layout import Layout, lay_out
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.plain.adapter import PlainFramework


def namespace_of(setup: str = "", **names: object) -> dict[str, object]:
    """A notebook's namespace after a cell that was run plainly."""
    namespace: dict[str, object] = {"__name__": "__main__", "__builtins__": builtins, **names}
    exec(dedent(setup), namespace)
    return namespace


def cell_of(text: str, namespace: dict[str, object] | None = None) -> CellFunction:
    """A compiled cell."""
    space = namespace_of() if namespace is None else namespace
    return compile_cell(CellSource.from_text(dedent(text)), space)


def layout_of(text: str, namespace: dict[str, object] | None = None) -> Layout:
    """Where the names of a cell live."""
    return lay_out(ast.parse(dedent(text)).body, namespace_of() if namespace is None else namespace)


def snapshot_of(namespace: dict[str, object], *names: str) -> Snapshot:
    """A snapshot of what some names reach; of everything where none are named."""
    wanted = names or tuple(name for name in namespace if not name.startswith("__"))
    return take_snapshot(namespace, wanted, frameworks=(PlainFramework(),))
