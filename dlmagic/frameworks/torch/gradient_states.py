"""What becomes of gradients from one step of an optimiser to the next, without their numbers."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor

from dlmagic.cell.source import is_of_dlmagic
from dlmagic.frameworks.operations import Step
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.graph_questions import is_leaf

_TORCH = str(Path(torch.__file__).parent)


@dataclass(frozen=True)
class _State:
    """A gradient at some time.

    Attributes:
        gradient: Where it is, or None for none.
        version: How often it had been written to.
    """

    gradient: weakref.ref[Tensor] | None
    version: int | None

    @classmethod
    def of(cls, tensor: Tensor) -> _State:
        gradient = tensor.grad
        if gradient is None:
            return cls(None, None)
        return cls(weakref.ref(gradient), compat.version_of(gradient))

    def is_same_gradient(self, other: _State) -> bool:
        """Whether both are one tensor, written to or not."""
        mine = self.gradient() if self.gradient else None
        return mine is not None and other.gradient is not None and other.gradient() is mine

    def is_fresh_since(self, before: _State) -> bool:
        """Whether there is a gradient that came or was written to since."""
        return self.gradient is not None and not (
            self.is_same_gradient(before) and self.version == before.version
        )


_NONE = _State(None, None)


class GradientStates:
    """Gradients of all leaves that were met, and what each optimiser found at its last step."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[weakref.ref[Tensor], _State]] = {}
        self._before: dict[int, dict[int, _State]] = {}
        self._came: set[int] = set()

    def meet(self, tensor: Tensor) -> None:
        """Note the gradient that a leaf has when it is first seen."""
        if not (tensor.requires_grad and is_leaf(tensor)):
            return
        known = self._met.get(id(tensor))
        if known is None or known[0]() is not tensor:
            self._met[id(tensor)] = (weakref.ref(tensor), _State.of(tensor))
            self._came.discard(id(tensor))

    def note_what_came(self) -> None:
        """Note the leaves that a backward pass has reached, before anybody clears them."""
        for key, (reference, before) in self._met.items():
            tensor = reference()
            if tensor is not None and _State.of(tensor).is_fresh_since(before):
                self._came.add(key)

    def reached(self) -> frozenset[int]:
        """Identities of the leaves that gradients have reached since this was asked last."""
        found = set()
        for key, (reference, before) in list(self._met.items()):
            tensor = reference()
            if tensor is None:
                del self._met[key]
            elif (now := _State.of(tensor)).is_fresh_since(before):
                found.add(key)
                self._met[key] = (reference, now)
        return frozenset(found)

    def step(self, optimizer: int, parameters: Sequence[Tensor]) -> Step:
        """What an optimiser finds, in comparison with its step before."""
        before = self._before.get(optimizer, {})
        now = {id(each): _State.of(each) for each in parameters}
        first = {id(each): self._first_state(each) for each in parameters if id(each) not in before}
        self._before[optimizer] = now
        came = self._came & now.keys()
        self._came -= came
        return Step(
            optimizer=optimizer,
            parameters=len(now),
            with_gradient=sum(each.gradient is not None for each in now.values()),
            uncleared=sum(each.is_same_gradient(before.get(k, _NONE)) for k, each in now.items()),
            fresh=sum(e.is_fresh_since(before.get(k) or first[k]) for k, e in now.items()),
            trainable=sum(each.requires_grad for each in parameters),
            came=len(came),
            held=frozenset(now),
            reached=self.reached(),
        )

    def _first_state(self, tensor: Tensor) -> _State:
        reference, state = self._met.get(id(tensor), (None, _NONE))
        return state if reference is not None and reference() is tensor else _NONE


def is_users_code(frame: FrameType | None) -> bool:
    """Whether running code is neither PyTorch's own nor dlmagic's."""
    file = frame.f_code.co_filename if frame is not None else ""
    return not file.startswith(_TORCH) and not is_of_dlmagic(file)
