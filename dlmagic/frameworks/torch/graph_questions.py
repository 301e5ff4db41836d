"""Questions about a tensor and its graph, which PyTorch refuses to answer for some views.

Those are views made under ``no_grad()`` whose numbers were written to in place since, as the row of
``nn.Embedding(…, padding_idx=0)`` is. They are there and can be read; only their graph cannot.
"""

from __future__ import annotations

from torch import Tensor
from torch.autograd.graph import Node


def graph_of(tensor: Tensor) -> Node | None:
    """What made it; None for a leaf, and where PyTorch refuses to say."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def is_leaf(tensor: Tensor) -> bool:
    """Whether nothing made it; not so where PyTorch refuses to say."""
    try:
        return tensor.is_leaf
    except RuntimeError:
        return False
