"""Functions called before and after the steps of all optimisers."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Protocol

from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.hooks import RemovableHandle


class Follower(Protocol):
    """Who is told of the steps of all optimisers."""

    def before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        """An optimiser is about to step; what this returns takes the place of its arguments."""

    def after_step(self, optimizer: Optimizer) -> None:
        """An optimiser has stepped."""


class _StepHooks:
    """One pair of hooks for all followers.

    PyTorch fails in a thread whose optimiser steps while another thread puts hooks on or takes
    them off. So ours are put on with the first follower and taken off after the last, and then
    only while none of them runs; otherwise they stay, and do nothing, until the next time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followers: tuple[weakref.ref[Follower], ...] = ()
        self._handles: list[RemovableHandle] = []
        self._running: list[None] = []

    def follow(self, follower: Follower) -> None:
        """Tell a follower of all steps, as long as it lives."""
        with self._lock:
            self._followers = (*self._living(), weakref.ref(follower))
            if not self._handles:
                self._handles = [
                    register_optimizer_step_pre_hook(self._before),
                    register_optimizer_step_post_hook(self._after),
                ]

    def leave(self, follower: Follower) -> None:
        """Tell it no more."""
        with self._lock:
            self._followers = tuple(each for each in self._living() if each() is not follower)
            if self._followers or self._running:
                return
            for handle in self._handles:
                handle.remove()
            self._handles = []

    def _living(self) -> tuple[weakref.ref[Follower], ...]:
        return tuple(each for each in self._followers if each() is not None)

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        self._running.append(None)
        try:
            changed = None
            for reference in self._followers:
                follower = reference()
                if follower is not None:
                    given = (args, kwargs) if changed is None else changed
                    changed = follower.before_step(optimizer, *given) or changed
            return changed
        finally:
            self._running.pop()

    def _after(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        self._running.append(None)
        try:
            for reference in self._followers:
                follower = reference()
                if follower is not None:
                    follower.after_step(optimizer)
        finally:
            self._running.pop()


_hooks = _StepHooks()
follow, leave = _hooks.follow, _hooks.leave
