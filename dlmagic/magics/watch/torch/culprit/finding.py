"""Which layer made the first value that is not finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch.culprit.before import before_the_call, parameters_not_finite
from dlmagic.magics.watch.torch.culprit.call import (
    KeptCall,
    copied,
    keep_call,
    keep_gradients,
    outputs_in,
    tensors_in,
    trained_weight,
)
from dlmagic.magics.watch.torch.culprit.forward import Forward
from dlmagic.magics.watch.torch.culprit.gradients import told_by_gradients
from dlmagic.magics.watch.torch.culprit.numbers import is_finite, numbers_of
from dlmagic.magics.watch.torch.culprit.origin import Origin, first
from dlmagic.magics.watch.torch.culprit.replay import bare, can_run_again, replaying

__all__ = [
    "KeptCall",
    "find_culprit",
    "keep_call",
    "keep_gradients",
    "told_by_gradients",
    "trained_weight",
]


def find_culprit(
    model: nn.Module,
    kept: KeptCall | Sequence[KeptCall] | None,
    step: int,
    *,
    are_all: bool = True,
) -> Culprit:
    """Find it by running the kept call once more, before the optimiser changes the weights.

    The model's own hooks run as they did in the call; whoever has some there should ignore them
    meanwhile. Nothing that it does can be seen afterwards, and it never raises.

    Args:
        model: The model, wrapped or not.
        kept: Its last call, or those of the step where there are several; None where there is none.
        step: The step in which something was not finite.
        are_all: Whether the model was not called more often in that step; otherwise it may have
            been another call, and the loss is not blamed.
    """
    calls = (kept,) if isinstance(kept, KeptCall) else tuple(kept or ())
    inner, late = model, False
    try:
        inner = bare(model)
        late = any(each.is_older_than_weights for each in calls)
        runs = [_by_running(inner, each, step) for each in calls if can_run_again(inner)]
        found = _likeliest([each for each in runs if each is not None], are_all=are_all)
    except Exception:  # whatever the user's code raises, or a device without memory
        found = None
    if found is None or (late and found.pass_ == "parameter"):
        return _without_running(inner, step, late=late)
    return found


def _likeliest(found: Sequence[Culprit], *, are_all: bool) -> Culprit | None:
    """Of several calls the first that went wrong itself: into the others a NaN came by the loss."""
    of_itself = next((each for each in found if each.pass_ != "loss"), None)
    return of_itself or (found[0] if found and are_all else None)


def _without_running(model: nn.Module, step: int, *, late: bool) -> Culprit:
    """The weights tell only as long as the step has not spoiled them."""
    try:
        origin = None if late else next(parameters_not_finite(model), None)
        if origin is not None:
            return _culprit(origin, step, ())
        bad = [name for name, each in model.named_parameters() if not is_finite(each.grad)]
    except Exception:  # parameters whose values nobody may look at
        bad = []
    return told_by_gradients(model, bad, step)


def _by_running(model: nn.Module, kept: KeptCall, step: int) -> Culprit | None:
    forward = Forward(model)
    try:
        with replaying(model, kept):
            args, kwargs = copied(kept.args, kwargs=kept.kwargs, model=model)
            before_the_call(model, (args, kwargs), forward.origins)
            origin = _origin(forward, kept, forward.run(args, kwargs))
        return _culprit(origin, step, forward.trail(origin)) if origin else None
    finally:
        forward.forget()


def _origin(forward: Forward, kept: KeptCall, output: object) -> Origin | None:
    outputs, gradients = outputs_in(output), kept.output_gradients
    if len(outputs) != len(gradients) or not any(each is not None for each in gradients):
        return forward.origin_of(tensors_in(output))
    pairs = list(_outermost(forward, outputs, gradients))
    used = forward.origin_of(tensor for tensor, _ in pairs)
    bad = [found for _, each in pairs if (found := numbers_of(each)) and not found.are_finite]
    if bad:
        # Values cut off from the graph can be part of the loss as well.
        anywhere = used or forward.origin_of(tensors_in(output))
        return anywhere or Origin(forward.time + 1, "loss", bad[0])
    arrived = forward.tape.run([each for each, _ in pairs], [each for _, each in pairs])
    return first(arrived) or used or forward.origin_of(tensors_in(output))


def _outermost(
    forward: Forward, outputs: list[Tensor], gradients: list[Tensor | None]
) -> Iterator[tuple[Tensor, Any]]:
    """Outputs with their gradients, but for those whose gradient came from another output.

    A model that computes its loss returns both, and the predictions' gradient is that of the loss.
    """
    pairs = [(o, g) for o, g in zip(outputs, gradients, strict=True) if g is not None]
    for tensor, gradient in pairs:
        others = (each for each, _ in pairs if each is not tensor)
        if not any(tensor.grad_fn in forward.tape.behind(each) for each in others):
            yield tensor, gradient.to(tensor.device)


def _culprit(
    origin: Origin, step: int, trail: tuple[tuple[str, str, float, float], ...]
) -> Culprit:
    call, numbers = origin.call, origin.numbers
    return Culprit(
        step=step,
        pass_=origin.pass_,
        layer=call.path if call else "",
        kind=call.kind if call else "",
        call=call.number if call else 0,
        what=numbers.what,
        count=numbers.nan + numbers.infinite,
        total=numbers.total,
        parameter=origin.parameter,
        trail=trail,
        operation=origin.operation.strip("_"),
        inputs=origin.inputs,
        dtype=numbers.dtype,
    )
