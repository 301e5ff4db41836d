"""The user's lines behind the nodes of an exported graph.

Of each stack, ``torch.export`` keeps only the frames of functions called ``forward``, which no
line of a cell is in. So at every operation it is handed the whole stack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.torch import _compat as compat


@contextmanager
def with_lines(outermost: CodeType) -> Iterator[None]:
    """While active, nodes that are made know the code that made them.

    Args:
        outermost: The code that exports; what called that is none of the graph's.
    """
    with compat.stacks_of_nodes() as hand_over, _AtEveryOperation(hand_over, outermost):
        yield


class _AtEveryOperation(TorchFunctionMode):
    """Hands over the stack of each operation before it is made a node."""

    def __init__(self, hand_over: Callable[[list[str]], None], outermost: CodeType) -> None:
        super().__init__()
        self._hand_over = hand_over
        self._outermost = outermost

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        # Dynamo, which `torch.cond` calls, traces this method and knows no frames.
        if not torch.compiler.is_dynamo_compiling():
            self._hand_over(list(_stack(sys._getframe(1), self._outermost))[::-1])
        return func(*args, **(kwargs or {}))


def _stack(frame: FrameType | None, outermost: CodeType) -> Iterator[str]:
    """Each step as Python writes it in a traceback, the innermost first."""
    while frame is not None and frame.f_code is not outermost:
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_name}\n'
        frame = frame.f_back
