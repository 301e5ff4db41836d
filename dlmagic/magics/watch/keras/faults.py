"""Which layer of a Keras model values stopped being finite in, told from one step's tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.gathering import About
from dlmagic.magics.watch.keras.subject import Subject, raw
from dlmagic.magics.watch.sample_result import Culprit

Pass = Literal["input", "parameter", "forward", "loss", "backward"]

_TRAIL = 8


@dataclass(frozen=True)
class Suspect:
    """A tensor of the step, by the pass that it belongs to."""

    pass_: Pass
    layer: str = ""
    parameter: str = ""
    call: int = 1


def suspects_of(subject: Subject) -> tuple[Suspect, ...]:
    """Of a step, in the order in which they came to be."""
    calls: dict[str, int] = {}
    found = [Suspect("input") for _ in subject.inputs]
    found += [Suspect("parameter", each.layer, each.parameter) for each in subject.weights]
    for output in subject.outputs:
        calls[output.layer] = calls.get(output.layer, 0) + 1
        found.append(Suspect("forward", output.layer, call=calls[output.layer]))
    found += [Suspect("loss")] if subject.loss is not None else []
    return (*found, *(Suspect("backward", each.layer, each.parameter) for each in subject.weights))


def tensors_of(subject: Subject) -> list[Any]:
    """The tensors of the suspects; the variables are to be read before they change."""
    return [
        *subject.inputs,
        *(raw(each.variable) for each in subject.weights),
        *(each.tensor for each in subject.outputs),
        *([subject.loss] if subject.loss is not None else []),
        *subject.gradients(),
    ]


def culprit_of(
    step: int,
    suspects: Sequence[Suspect],
    faults: NDArray[np.floating[Any]],
    layers: Mapping[str, About],
) -> Culprit | None:
    """The first tensor that is not finite; None where all gradients are.

    The sum over them that raised the suspicion may be beyond its range while they are not, and a
    value that reaches no gradient, such as that of a mask, is no mistake.

    Args:
        step: The step.
        suspects: All tensors.
        faults: ``[suspect, 5]``: NaN, infinite and all values, smallest and largest magnitude.
        layers: All layers in the model's order.
    """
    bad = [place for place in range(len(suspects)) if faults[place, :2].any()]
    if not any(suspects[place].pass_ == "backward" for place in bad):
        return None
    place = bad[0]
    if suspects[place].pass_ == "backward":
        place = _last_bad(bad, suspects)
    suspect = suspects[place]
    nan, inf = faults[place, :2]
    count, total = _amount(place, suspects, faults)
    return Culprit(
        step=step,
        pass_=suspect.pass_,
        layer=suspect.layer,
        kind=layers[suspect.layer].kind if suspect.layer in layers else "",
        call=suspect.call,
        what="NaN and Inf" if nan and inf else "NaN" if nan else "Inf",
        count=count,
        total=total,
        parameter=suspect.parameter,
        certain=suspect.pass_ != "backward",
        trail=_trail(place, suspects, faults, layers),
    )


def _amount(
    place: int, suspects: Sequence[Suspect], faults: NDArray[np.floating[Any]]
) -> tuple[int, int]:
    """How many values of how many are not finite; of gradients, those of how many parameters."""
    if suspects[place].pass_ != "backward":
        nan, inf, total = (int(each) for each in faults[place, :3])
        return nan + inf, total
    gradients = [at for at, each in enumerate(suspects) if each.pass_ == "backward"]
    return int(faults[gradients, :2].any(axis=1).sum()), len(gradients)


def _last_bad(bad: Sequence[int], suspects: Sequence[Suspect]) -> int:
    """The gradient that was computed first: that of the layer which ran last."""
    order = {each.layer: at for at, each in enumerate(suspects) if each.pass_ == "forward"}
    return max(bad, key=lambda place: (order.get(suspects[place].layer, place), -place))


def _trail(
    place: int,
    suspects: Sequence[Suspect],
    faults: NDArray[np.floating[Any]],
    layers: Mapping[str, About],
) -> tuple[tuple[str, str, float, float], ...]:
    before = [at for at in range(place) if suspects[at].pass_ == "forward"][-_TRAIL:]
    return tuple(
        (name, layers[name].kind, float(faults[at, 3]), float(faults[at, 4]))
        for at in before
        if (name := suspects[at].layer) in layers
    )
