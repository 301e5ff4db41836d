"""Which values of a notebook are models that can be watched."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from types import FunctionType
from typing import Any

from dlmagic.cell.function import compile_cell
from dlmagic.cell.global_names import helpers_of, of_code
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError, nearest, what_it_is
from dlmagic.frameworks.entries import JAX, KERAS, PYTORCH, where_none_is_installed
from dlmagic.magics.watch.steps import (
    how_flax_is_watched,
    how_step_is_watched,
    is_flax,
    is_step,
    is_watched_step,
)
from dlmagic.magics.watch.watcher import Rate, Watcher

_WATCHERS = {
    "keras": ("dlmagic.magics.watch.keras.watcher", "KerasWatcher"),
    "torch": ("dlmagic.magics.watch.torch.watcher", "TorchWatcher"),
}
"""Each framework's watcher, with ``is_model`` beside it; asked where the user has imported it.

Keras is asked first: a model of Keras on PyTorch is one of both, and is trained by Keras.
"""

_STEPS = ("dlmagic.magics.watch.jax.watcher", "JaxWatcher")


def is_model(value: object) -> bool:
    """Whether a value is a model that can be watched."""
    return _framework_of(value) is not None


def watcher_of(model: object, layers: Collection[str], rate: Rate) -> Watcher:
    """What watches this model.

    Args:
        model: A model, or a step function of JAX.
        layers: Paths of the layers to measure.
        rate: How often.
    """
    framework = _framework_of(model)
    if framework is None and not is_step(model):
        raise InputError(
            f"{what_it_is(model)} is not a model that can be watched.",
            "Give a model of PyTorch or Keras.",
        )
    module, name = _WATCHERS[framework] if framework else _STEPS
    made: Watcher = getattr(import_module(module), name)(model, layers, rate)
    return made


def model_called(name: str, namespace: Mapping[str, object]) -> object:
    """The model that a name, or a path such as ``trainer.model``, means.

    Raises:
        InputError: There is no such name, or it is no model.
    """
    first, *attributes = name.split(".")
    if not all(part.isidentifier() for part in (first, *attributes)):
        raise InputError(f"{name!r} is not the name of a model.", _models_there_are(namespace))
    if first not in namespace:
        raise InputError(f"There is no name {first}.", _nearest_model(first, namespace))
    value = namespace[first]
    for attribute in attributes:
        try:
            value = getattr(value, attribute)
        except AttributeError:
            raise InputError(f"{first} has no attribute {attribute}.") from None
        first = f"{first}.{attribute}"
    require_model(value, name, namespace)
    return value


def require_model(value: object, name: str, namespace: Mapping[str, object]) -> None:
    """Refuse what cannot be watched.

    Raises:
        InputError: It is no model, or one without values.
    """
    if is_flax(value):
        raise InputError(
            f"{name} is a model of Flax, which is watched through the function that trains it.",
            how_step_is_watched(namespace),
        )
    if is_watched_step(value):
        raise InputError(
            f"{name} is a step function that is watched already.",
            f"From its first call on, {name}.session shows what was seen.",
        )
    if not is_model(value):
        step = f"A step function of JAX is watched by {name} = dlmagic.watch({name})."
        hint = step if is_step(value) else _models_there_are(namespace)
        raise InputError(f"{name} is {what_it_is(value)}, not a model.", hint)
    if _is_meta(value):
        raise InputError(
            f"{name} is on the meta device: it has shapes and no values to watch.",
            "Give it some first, such as with its .to_empty(device='cpu').",
        )


def model_of_cell(source: CellSource, namespace: dict[str, object]) -> str:
    """The name of the notebook's one model, or of the one of several that a cell comes to.

    Raises:
        InputError: There is none, or more than one could be meant.
    """
    names = list(models_in(namespace))
    if len(names) > 1:
        reached = _reached_from(compile_cell(source, namespace, as_module=True).reads, namespace)
        used = {name: value for name, value in namespace.items() if name in reached}
        names = list(models_in(used)) or names
    if len(names) == 1:
        return names[0]
    if not names:
        flax = how_flax_is_watched(namespace)
        missing = flax or where_none_is_installed(PYTORCH, KERAS, JAX)
        raise InputError("There is no model to watch.", missing or "Name it: %%watch MODEL.")
    raise InputError("Which model is meant?", _listed(names))


def _reached_from(names: Iterable[str], namespace: dict[str, object]) -> set[str]:
    """The names of a notebook that its functions come to from these, with these.

    What wraps a function of the notebook, as ``tf.function`` does, comes to what that comes to.
    """
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        reached |= waiting
        wrapped = (getattr(namespace.get(name), "__wrapped__", None) for name in waiting)
        inner = (each for each in wrapped if isinstance(each, FunctionType))
        functions = [*helpers_of(waiting, namespace), *inner]
        waiting = {name for each in functions for name in of_code(each.__code__).loads} - reached
    return reached


def models_in(namespace: Mapping[str, object]) -> Iterator[str]:
    """Names of the models in a notebook, each model once, also without those inside others."""
    seen: set[int] = set()
    found: dict[str, Any] = {}
    for name, value in list(namespace.items()):
        if not name.startswith("_") and id(value) not in seen and is_model(value):
            seen.add(id(value))
            found[name] = value
    inside = {id(part) for value in found.values() for part in _parts_of(value)}
    yield from (name for name, value in found.items() if id(value) not in inside)


def _parts_of(model: Any) -> Iterator[object]:
    """The layers inside a model, without itself."""
    modules = getattr(model, "modules", None)
    parts = modules() if callable(modules) else getattr(model, "layers", ())
    yield from (part for part in parts if part is not model)


def _framework_of(value: object) -> str | None:
    for framework, (module, _) in _WATCHERS.items():
        if framework in sys.modules and import_module(module).is_model(value):
            return framework
    return None


def _is_meta(model: Any) -> bool:
    parameters = getattr(model, "parameters", None)
    return callable(parameters) and any(
        getattr(each, "is_meta", False) is True for each in parameters()
    )


def _models_there_are(namespace: Mapping[str, object]) -> str:
    names = list(models_in(namespace))
    return _listed(names) if names else _no_model(namespace)


def _listed(names: Sequence[str]) -> str:
    return f"Models are: {', '.join(names[:12])}."


def _no_model(namespace: Mapping[str, object]) -> str:
    flax = how_flax_is_watched(namespace)
    return flax or where_none_is_installed(PYTORCH, KERAS, JAX) or "There is no model yet."


def _nearest_model(name: str, namespace: Mapping[str, object]) -> str:
    names = list(models_in(namespace))
    return nearest(name, names) if names else _no_model(namespace)
