"""The last call of a model, kept so that it can be run once more should it have gone wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat

Random = tuple[torch.Generator, Tensor]
Autocast = tuple[str, torch.dtype]


@dataclass(slots=True)
class KeptCall:
    """What a model was called with, and the gradients that reached its outputs.

    Attributes:
        args: Its arguments, cut off from the graph that they came from.
        kwargs: Those by name.
        random_states: Generators with their states as the call began; none where it is known to
            draw no random numbers.
        output_gradients: One for each tensor of the output that needs gradients, in the order of
            :func:`outputs_in`; None where none arrived.
        training: Whether the model was in training mode.
        autocast: Kinds of device for which autocast was on, and the types it cast to.
        weight: A weight that is trained; None without one.
        version: How often it had been changed.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    random_states: tuple[Random, ...] = ()
    output_gradients: list[Tensor | None] = field(default_factory=list)
    training: bool = True
    autocast: tuple[Autocast, ...] = ()
    weight: nn.Parameter | None = None
    version: int | None = None

    @property
    def is_older_than_weights(self) -> bool:
        """Whether the weights have been changed since."""
        if self.weight is None or self.version is None:
            return False
        return self.version != compat.version_of(self.weight)

    def has_drawn(self) -> bool:
        """Whether random numbers have been drawn since."""
        return not all(torch.equal(each.get_state(), state) for each, state in self.random_states)


def keep_call(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    weight: nn.Parameter | None = None,
    draws: bool = True,
) -> KeptCall:
    """Keep a call that is about to begin; copies no batch and waits for no device.

    Args:
        model: What is called.
        args: With what.
        kwargs: With what, by name.
        weight: One that is trained, if it is to be seen later whether weights have changed.
        draws: Whether it may draw random numbers: the states of their generators are large.
    """
    return KeptCall(
        args=_all(args),
        kwargs={name: _each(each, _cut) for name, each in kwargs.items()} if kwargs else {},
        random_states=tuple((each, each.get_state()) for each in _generators()) if draws else (),
        training=model.training,
        autocast=autocast_now(),
        weight=weight,
        version=None if weight is None else compat.version_of(weight),
    )


def keep_gradients(kept: KeptCall, output: object, came: Callable[[], object]) -> None:
    """Let the gradients that arrive at an output be kept with its call.

    Args:
        kept: The call.
        output: What it returned.
        came: Called when a gradient has arrived at the first of its tensors.
    """
    tensors = outputs_in(output)
    kept.output_gradients = [None] * len(tensors)
    for place, tensor in enumerate(tensors):
        compat.hook_gradient(tensor, partial(_put, kept.output_gradients, place, came))


def outputs_in(output: object) -> list[Tensor]:
    """The tensors of an output that gradients can reach."""
    if type(output) is Tensor:
        return [output] if output.requires_grad else []
    return [each for each in tensors_in(output) if each.requires_grad]


def copied(
    args: tuple[Any, ...], *, kwargs: dict[str, Any], model: nn.Module
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of which a call may change what it likes, on the model's device."""
    first = next(model.parameters(), None)
    device = None if first is None else first.device
    again = partial(_each, change=partial(_copy, device=device))
    return tuple(map(again, args)), {name: again(each) for name, each in kwargs.items()}


def tensors_in(value: object, depth: int = 8) -> Iterator[Tensor]:
    """The tensors of a value, in tuples, lists, dictionaries and dataclasses too."""
    if isinstance(value, Tensor):
        yield value
    elif depth:
        for each in _parts_of(value):
            yield from tensors_in(each, depth - 1)


def _parts_of(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set):
        yield from value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, each.name, None) for each in fields(value))


def _put(
    places: list[Tensor | None], place: int, came: Callable[[], object], gradient: Tensor
) -> None:
    """Gradients of several backward passes add up, as they do in parameters."""
    before = places[place]
    gradient = gradient.detach()
    places[place] = gradient if before is None else before + gradient
    if place == 0:
        came()


def _all(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Those of a call, cut off from their graphs; most often there is nothing to cut off."""
    for each in values:
        if type(each) is not Tensor or each.requires_grad:
            return tuple([_each(each, _cut) for each in values])
    return values


def _cut(tensor: Tensor) -> Tensor:
    """Without the graph that it came from, if it has any."""
    return tensor.detach().requires_grad_() if tensor.requires_grad else tensor


def _copy(tensor: Tensor, device: torch.device | None) -> Tensor:
    moved = tensor.detach().to(device) if tensor.dim() else tensor.detach()
    return moved.clone().requires_grad_(tensor.requires_grad)


def _each(value: Any, change: Callable[[Tensor], Tensor], depth: int = 8) -> Any:
    """A value with its tensors changed, in tuples, lists and dictionaries too."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (list, tuple) and depth:
        return type(value)(_each(each, change, depth - 1) for each in value)
    if type(value) is dict and depth:
        return {key: _each(each, change, depth - 1) for key, each in value.items()}
    return value


def trained_weight(model: nn.Module) -> nn.Parameter | None:
    """The first weight that is trained; None without one."""
    trained = (each for each in model.parameters() if each.requires_grad)
    return next((each for each in trained if not compat.is_lazy(each)), None)


def autocast_now() -> tuple[Autocast, ...]:
    """Kinds of device for which autocast is on, and the types it casts to."""
    if not (torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")):
        return ()
    on = (kind for kind in ("cpu", "cuda") if torch.is_autocast_enabled(kind))
    return tuple((kind, torch.get_autocast_dtype(kind)) for kind in on)


def _generators() -> Iterator[torch.Generator]:
    yield torch.default_generator
    if torch.cuda.is_initialized():
        yield torch.cuda.default_generators[torch.cuda.current_device()]
