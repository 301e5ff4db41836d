"""What ``%%graphmode`` returns: the graphs, what broke them, and whether the answers agree."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal

from dlmagic.result import Result

Ran = Literal["graph", "partly", "eager"]
"""How much of the cell ran as a graph: all of it, some of it, nothing."""


@dataclass(frozen=True)
class GraphNode:
    """One operation of a graph.

    Attributes:
        name: Unique in its graph; inputs carry the user's own names.
        op: What it does, such as ``"linear"``; ``"input"`` and ``"output"`` at the ends.
        inputs: Names of the nodes whose results it takes.
        shape: Elements per axis of its result, a text for an axis of open length; None where
            the result is no single array.
        dtype: Of its result, or None.
        flops: Floating point operations, or None where they are not known.
        nbytes: Bytes of its result, or None.
        line: The line that made it, or None.
        cell: Where that line is, if not in this cell.
        module: The module that called it, such as ``"model.layers.0"``, or an empty text.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    flops: int | None = None
    nbytes: int | None = None
    line: int | None = None
    cell: str | None = None
    module: str = ""


@dataclass(frozen=True)
class GraphOfCell:
    """One graph that was made of the cell, or of a part of it.

    Attributes:
        nodes: In the order in which they run.
        code: The same as text, in the framework's own notation.
        call: In which call of the cell it was made, counted from 1.
    """

    nodes: tuple[GraphNode, ...]
    code: str = ""
    call: int = 1

    @property
    def operations(self) -> tuple[GraphNode, ...]:
        """The nodes that compute something."""
        return tuple(node for node in self.nodes if node.op not in ("input", "output", "constant"))


@dataclass(frozen=True)
class GraphCheck:
    """How the graph's answers compare with those of a plain run.

    Attributes:
        agrees: None where they were not compared.
        reason: What differs, or why nothing was compared; or how well they agree.
        max_error: The largest difference in any array, relative to its largest value.
        gradients_agree: The same for gradients; None where there are none or they were not
            compared.
        gradients_reason: What differs there, or why nothing was compared.
        compared: The names of the values that were compared.
        stage: The part of the compiler that is to blame for a difference, or an empty text.
    """

    agrees: bool | None = None
    reason: str = ""
    max_error: float | None = None
    gradients_agree: bool | None = None
    gradients_reason: str = ""
    compared: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True, repr=False, kw_only=True)
class GraphReport(Result):
    """What a graph did to a cell.

    Attributes:
        mode: Such as ``"compile"``.
        ran: How much of the cell ran as a graph.
        reason: Why it did not run as a graph at all, or an empty text.
        cell: The cell's text.
        graphs: Every graph, in the order in which it was first needed.
        breaks: At how many places a graph ended and Python went on.
        recompiles: How often something was compiled once more.
        compile_seconds: What the first run in the mode took beyond the one after it.
        check: Whether values and gradients agree with a plain run.
        runs: How often the cell was run for this report, the plain run included.
        notes: What else a reader should know.
        seconds: Wall time of everything.
    """

    view: ClassVar[str] = "dlmagic.magics.graphmode.view"

    mode: str
    ran: Ran
    reason: str = ""
    cell: str = ""
    graphs: tuple[GraphOfCell, ...] = ()
    breaks: int = 0
    recompiles: int = 0
    compile_seconds: float | None = None
    check: GraphCheck = GraphCheck()
    runs: int = 1
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def draw(self) -> Any:
        """The graphs as one picture, a :class:`dlmagic.display.parts.Picture`.

        Returns:
            What a notebook shows as a picture and ``.svg`` has as text; None where nothing ran
            as a graph.
        """
        return import_module("dlmagic.magics.graphmode.drawing").picture_of(self)
