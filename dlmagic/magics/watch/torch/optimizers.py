"""Which optimisers train a model, and what they are about to do."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from torch import nn
from torch.optim import Optimizer

from dlmagic.magics.watch.torch.plan import identities, owned_by

_parameters_of = itemgetter("params")


class Owned:
    """Which of a model's parameters each optimiser changes.

    It is asked anew of an optimiser that is new or has got more parameters: the model may have got
    others, too, as a new last layer.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._known: weakref.WeakKeyDictionary[Optimizer, tuple[int, frozenset[int]]] = (
            weakref.WeakKeyDictionary()
        )

    def by(self, optimizer: Optimizer) -> frozenset[int]:
        """Identities of the model's parameters that an optimiser changes; empty for another's."""
        count = sum(map(len, map(_parameters_of, optimizer.param_groups)))
        known = self._known.get(optimizer)
        if known is None or known[0] != count:
            known = count, identities(self._model) & owned_by(optimizer)
            self._known[optimizer] = known
        return known[1]


class AfterClosure:
    """A closure of an optimiser, after whose first call something is done, and before the others.

    Args:
        closure: The closure.
        then: Called after its first call.
        again: Called before each call after that.
    """

    def __init__(
        self,
        closure: Callable[..., Any],
        then: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        self._closure, self._then, self._again = closure, then, again
        self._called = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        if self._called:
            self._again()
        loss = self._closure(*args, **kwargs)
        if not self._called:
            self._called = True
            self._then()
        return loss


def closure_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any] | None:
    """What an optimiser is to call for the loss, from the arguments of its step."""
    given = args[1] if len(args) > 1 else kwargs.get("closure")
    return given if callable(given) else None


def with_closure(
    args: tuple[Any, ...], kwargs: dict[str, Any], closure: Callable[..., Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with another closure."""
    if len(args) > 1:
        return (args[0], closure, *args[2:]), kwargs
    return args, {**kwargs, "closure": closure}
