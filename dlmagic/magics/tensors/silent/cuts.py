"""Where the way from a loss back to parameters was cut, so that they get no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dlmagic.frameworks.operations import Event, Operation, Seen, Step

_CUTTING = frozenset({"detach", "detach_", "data", "tensor", "as_tensor", "new_tensor"})
_LEAVING = frozenset({"item", "tolist", "numpy", "__array__", "__float__"})
_MOVING = frozenset({"cpu", "to", "clone"})
_ENTERING = frozenset({"tensor", "as_tensor", "new_tensor"})


class Cuts:
    """Hears of a cell's operations and tells, at each step, what has no gradient for a cut."""

    def __init__(self) -> None:
        self._losses: list[Seen] = []
        self._leaving: list[Operation] = []

    def hear(self, event: Event) -> Mapping[int, Operation]:
        """At a step: the cut, by the identity of each parameter that it keeps from gradients."""
        if isinstance(event, Operation):
            if event.name == "backward" and event.inputs:
                self._losses.append(event.inputs[0])
            elif event.name in _LEAVING and event.inputs:
                self._leaving.append(event)
            return {}
        found = self._at_step(event) if self._losses and event.without_gradient else {}
        self._losses, self._leaving = [], []
        return found

    def _at_step(self, step: Step) -> dict[int, Operation]:
        found: dict[int, Operation] = {}
        for loss in self._losses:
            walked = _Walk(step)
            walked.back_from(loss)
            found.update(walked.cut)
            for leaving in self._leaving:
                if _comes_back(leaving, walked.outside, alone=not step.with_gradient):
                    for parameter in _parameters_behind(leaving.inputs[0], step):
                        found.setdefault(parameter, _first_cut(leaving))
        return found


class _Walk:
    """All that a loss was computed from, up to the parameters of an optimiser."""

    def __init__(self, step: Step) -> None:
        self.cut: dict[int, Operation] = {}
        self.outside: list[Seen] = []
        self._step = step

    def back_from(self, loss: Seen) -> None:
        waiting: list[tuple[Seen, Operation | None]] = [(loss, None)]
        met: set[tuple[int, bool]] = set()
        while waiting:
            seen, cut = waiting.pop()
            if (seen.number, cut is not None) in met:
                continue
            met.add((seen.number, cut is not None))
            if seen.parameter in self._step.held:
                if cut is not None and seen.parameter in self._step.without_gradient:
                    self.cut.setdefault(seen.parameter, cut)
            elif seen.maker is None or (seen.maker.name in _ENTERING and not seen.maker.inputs):
                self.outside.append(seen)
            else:
                waiting += _inputs(seen, cut)


def _inputs(seen: Seen, cut: Operation | None) -> Iterator[tuple[Seen, Operation | None]]:
    maker = seen.maker
    assert maker is not None
    for each in maker.inputs:
        cuts = maker.name in _CUTTING and each.requires_grad
        here = cut or (maker if cuts else None)
        if here is None or each.requires_grad:
            yield each, here


def _comes_back(leaving: Operation, outside: list[Seen], *, alone: bool) -> bool:
    """Whether what has left PyTorch has come back as a tensor that is part of the loss.

    Args:
        leaving: Where it left.
        outside: Tensors that came from elsewhere into the loss.
        alone: Whether no parameter has a gradient; else only as many numbers count, and no single
            one, which may be anything.
    """
    left = leaving.inputs[0]
    return any(
        each.number > left.number and (alone or _count(each) == _count(left) > 1)
        for each in outside
    )


def _count(seen: Seen) -> int:
    count = 1
    for length in seen.shape:
        count *= length
    return count


def _first_cut(leaving: Operation) -> Operation:
    """The operation at which gradients ended: the one that left, or the ``detach`` ahead of it."""
    operation = leaving
    while not operation.inputs[0].requires_grad:
        maker = operation.inputs[0].maker
        if maker is None or not maker.inputs:
            return leaving
        operation = maker
    return operation


def _parameters_behind(left: Seen, step: Step) -> Iterator[int]:
    """Parameters without a gradient that a tensor was computed from, the last ``detach`` aside."""
    waiting, met = [left], set()
    while waiting:
        seen = waiting.pop()
        if seen.number in met:
            continue
        met.add(seen.number)
        if seen.parameter is not None and seen.parameter in step.held:
            yield from {seen.parameter} & step.without_gradient
        elif seen.maker is not None:
            passes = not seen.requires_grad and seen.maker.name in (*_CUTTING, *_MOVING)
            waiting += [each for each in seen.maker.inputs if each.requires_grad or passes]
