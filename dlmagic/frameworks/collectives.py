"""Where ranks wait for each other, told from the modules on a stack, and how that is ended."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

WAITING = ("torch.distributed", "torch.nn.parallel.distributed", "jax.experimental.multihost_utils")
"""Modules in which a rank waits until all the others have come, too."""

_LEFT_ALONE = ("gloo/", "processgroupgloo", "processgroupnccl", "nccl error", "nccl communicator")
"""What the libraries below say, in small letters, when another rank is gone. In a backward pass no
module of :data:`WAITING` is on the stack: the exchange of gradients is part of the graph."""

_TELLING = "dlmagic.frameworks.torch.communication"

_HANGING_UP = {"torch.distributed": "dlmagic.frameworks.torch.process_group"}


def waits_for_others(modules: Iterable[str]) -> bool:
    """Whether a stack of calls, told by the names of their modules, has a collective on it."""
    return any(module.startswith(WAITING) for module in modules)


def may_wait_for_others(modules: Sequence[str]) -> bool:
    """Whether a call that does not return may be a collective, told from the stack above it.

    Args:
        modules: Their names, the innermost first.
    """
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return True  # whoever waits for a GPU may wait for another one
    in_backward = any(module.startswith("torch.autograd") for module in modules[:1])
    return in_backward or waits_for_others(modules)


def was_left_alone(error: BaseException) -> bool:
    """Whether an exception says that others have left a collective."""
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in said for words in _LEFT_ALONE)


def hang_up() -> bool:
    """End the collectives of this process from another thread; nobody can join in any more.

    It is for an interrupt that does not get through: the main thread waits in C++, where no
    signal is looked at.

    Returns:
        Whether there was a group to be cut off.
    """
    homes = [home for framework, home in _HANGING_UP.items() if framework in sys.modules]
    found = [importlib.import_module(home).hang_up() for home in homes]
    return any(found)


@dataclass(frozen=True)
class Communication:
    """What a piece of work communicated.

    Attributes:
        seconds: Wall time of the work, as it was watched.
        communicating: Seconds of it in which a collective was under way, computing or not.
        collectives: How many there were.
    """

    seconds: float
    communicating: float
    collectives: int


def can_be_told() -> bool:
    """Whether a framework communicates among processes, and tells of it."""
    distributed: Any = sys.modules.get("torch.distributed")
    return bool(distributed and distributed.is_available() and distributed.is_initialized())


def barrier_for(ranks: int) -> Callable[[], object] | None:
    """What lets all ranks go on at nearly the same moment; None where no framework has it.

    Args:
        ranks: How many come to it; a group of more would wait for the rest for ever.
    """
    if not can_be_told():
        return None
    barrier: Callable[[], object] | None = importlib.import_module(_TELLING).barrier_for(ranks)
    return barrier


class Watch(Protocol):
    """Sees what pieces of work communicate."""

    def piece(self) -> AbstractContextManager[object]:
        """A block that is one piece of work."""

    def pieces(self) -> Sequence[Communication]:
        """What each piece communicated; once the watch has ended."""


def watching() -> AbstractContextManager[Watch]:
    """A block in which pieces of work are watched; only where :func:`can_be_told` says so."""
    watch: AbstractContextManager[Watch] = importlib.import_module(_TELLING).watching()
    return watch


def apart() -> AbstractContextManager[object]:
    """While active, replicas of a model do not exchange gradients, as far as they can do without.

    That makes a step of one rank out of a step of many: the same arithmetic, nobody to wait for.
    """
    if not can_be_told():
        return nullcontext()
    context: AbstractContextManager[object] = importlib.import_module(_TELLING).apart()
    return context


def joined_otherwise() -> str:
    """The framework whose processes form one program that nobody tells about; empty for none."""
    jax: Any = sys.modules.get("jax")
    if jax is not None and jax.distributed.is_initialized():
        return "JAX"
    return "TensorFlow" if "tensorflow" in sys.modules and os.environ.get("TF_CONFIG") else ""
