"""FLOPs of a Keras model on PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch import flops


@contextmanager
def counted(listener: Callable[[float], object]) -> Iterator[None]:
    """While active, the FLOPs of each product and convolution are told."""
    with flops.without_fused_layers(), _Telling(listener):
        yield


class _Telling(compat.TorchDispatchMode):
    """Tells what each operation takes.

    Args:
        listener: Who is told.
    """

    def __init__(self, listener: Callable[[float], object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listener = listener
        self._formulas = flops.formulas_by_operation()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Run an operation and tell of it."""
        result = func(*args, **(kwargs or {}))
        formula = self._formulas.get(getattr(func, "_overloadpacket", None))
        if formula is not None:
            self._listener(float(formula(*args, **(kwargs or {}), out_val=result)))
        return result
