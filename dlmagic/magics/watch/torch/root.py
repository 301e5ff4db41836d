"""The calls of the model itself: kept for a diagnosis, and told to whoever counts steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.hooks import Hook, RootHooks


class CompiledCall:
    """Stands before the compiled call of a module, where hooks would be part of its graph.

    PyTorch leaves this attribute out of copies and pickles.
    """

    def __init__(self, model: nn.Module, before: Hook, after: Hook) -> None:
        self._model, self._before, self._after = model, before, after
        self._call = compat.compiled_call(model)
        compat.set_compiled_call(model, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        assert self._call is not None
        self._before(self._model, args, kwargs)
        output = None
        try:
            output = self._call(*args, **kwargs)
        finally:
            self._after(self._model, args, output)
        return output

    def remove(self) -> None:
        """Put the module's own call back, unless it has got another meanwhile."""
        if compat.compiled_call(self._model) is self:
            compat.set_compiled_call(self._model, self._call)


def watch_calls(
    model: nn.Module, before: Callable[..., None], after: Callable[..., None]
) -> RootHooks | CompiledCall:
    """Have functions called before and after each call of a model."""
    kind = RootHooks if compat.compiled_call(model) is None else CompiledCall
    return kind(model, Hook(before), Hook(after))
