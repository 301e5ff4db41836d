"""Which optimisers train a model, and what they are about to do."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from dlmagic.magics.watch.torch_plan import owned_by


class Owned:
    """Which of a model's parameters each optimiser changes."""

    def __init__(self, identities: frozenset[int]) -> None:
        self._identities = identities
        self._known: weakref.WeakKeyDictionary[Optimizer, tuple[int, frozenset[int]]] = (
            weakref.WeakKeyDictionary()
        )

    def by(self, optimizer: Optimizer) -> frozenset[int]:
        """Identities of the model's parameters that an optimiser changes; empty for another's."""
        groups = len(optimizer.param_groups)
        known = self._known.get(optimizer)
        if known is None or known[0] != groups:
            known = groups, self._identities & owned_by(optimizer)
            self._known[optimizer] = known
        return known[1]


class AfterClosure:
    """A closure of an optimiser, after whose first call something is done."""

    def __init__(self, closure: Callable[..., Any], then: Callable[[], None]) -> None:
        self._closure, self._then = closure, then
        self._called = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        loss = self._closure(*args, **kwargs)
        if not self._called:
            self._called = True
            self._then()
        return loss


class StepHooks:
    """Functions called before and after the steps of all optimisers, as long as their owner lives.

    Args:
        before: A method that is told the optimiser and the arguments of its step, and may return
            others.
        after: A method that is told the optimiser.
    """

    def __init__(
        self, before: Callable[[Optimizer, Any, Any], Any], after: Callable[[Optimizer], None]
    ) -> None:
        self._before, self._after = weakref.WeakMethod(before), weakref.WeakMethod(after)
        for hooks in _made.copy():
            if hooks._before() is None:
                hooks.remove()
        _made.add(self)
        self._handles = [
            register_optimizer_step_pre_hook(self._about_to_step),
            register_optimizer_step_post_hook(self._stepped),
        ]

    def _about_to_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        before = self._before()  # of a model that is gone, the hooks go with the next watching:
        return None if before is None else before(optimizer, args, kwargs)  # now they are walked

    def _stepped(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        after = self._after()
        if after is not None:
            after(optimizer)

    def remove(self) -> None:
        """Take them off."""
        _made.discard(self)
        for handle in self._handles:
            handle.remove()


_made: set[StepHooks] = set()


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
