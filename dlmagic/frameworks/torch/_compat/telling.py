"""What Dynamo tells of the graphs that it makes, and where their inputs come from."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch


def structured_trace() -> logging.Logger | None:
    """The logger that tells of every graph break and recompilation, or None where there is none.

    It is what ``TORCH_TRACE`` writes and ``torch.export.draft_export`` listens to.
    """
    internal = getattr(torch, "_logging", None)
    logger = getattr(getattr(internal, "_internal", None), "trace_log", None)
    return logger if isinstance(logger, logging.Logger) else None


def log_of_graph_breaks() -> logging.Logger:
    """The logger behind ``TORCH_LOGS="graph_breaks"``; a second break at one line has no stack."""
    return logging.getLogger("torch._dynamo.symbolic_convert.__graph_breaks")


def stack_of_start(start: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """File, line and function of each step of a stack in a record of :func:`structured_trace`.

    File names stand there as numbers, in the order in which they were first met.
    """
    structured = sys.modules.get("torch._logging.structured")
    numbers: Mapping[str, int] = getattr(structured, "INTERN_TABLE", {})
    files = {number: file for file, number in numbers.items()}
    steps = start.get("stack", ())
    return [(files.get(s["filename"], ""), int(s["line"]), str(s["name"])) for s in steps]


def source_of_input(node: Any) -> str | None:
    """Where Dynamo takes an input of a graph from, such as ``"L['x']"``; None if it is not told."""
    argument = node.meta.get("grapharg")
    source = getattr(argument, "source", None)
    name = getattr(source, "name", None)
    try:
        return str(name() if callable(name) else name) if name is not None else None
    except Exception:  # a source without a name of its own
        return None


def fake_mode_of(values: object) -> Any:
    """The mode that made the tensors without memory among the values, or None."""
    try:
        from torch._guards import detect_fake_mode
    except ImportError:
        return None
    return detect_fake_mode(values)


def user_stack(error: BaseException) -> Sequence[Any]:
    """The lines of the user's code that Dynamo was reading when it raised, outermost first."""
    return getattr(error, "real_stack", None) or ()
