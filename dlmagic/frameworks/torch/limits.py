"""Values of PyTorch that cannot be put back after a cell ran."""

from __future__ import annotations

import re

import torch

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.graph_questions import graph_of

_FREES_GRAPHS = re.compile(r"\bbackward\s*\(|\bautograd\s*\.\s*grad\s*\(")


def limitation(name: str, value: object, cell_text: str) -> str | None:
    """Why the named value cannot be put back, in one sentence, or None where it can.

    Args:
        name: The user's name for it.
        value: A value that exists before the cell runs.
        cell_text: The cell, in which ``backward()`` is looked for.
    """
    if compat.is_loader_iterator(value):
        return f"{name} is a DataLoader that is being read, and cannot be wound back."
    if isinstance(value, torch.cuda.CUDAGraph):
        return f"{name} is a CUDA graph, whose replay writes where dlmagic cannot see it."
    if isinstance(value, torch.Tensor) and _has_graph(value) and _FREES_GRAPHS.search(cell_text):
        return (
            f"{name} carries an autograd graph from an earlier cell, which backward() frees; "
            f"compute {name} in this cell."
        )
    return None


def _has_graph(tensor: torch.Tensor) -> bool:
    return not compat.is_lazy(tensor) and graph_of(tensor) is not None
