"""Step functions of JAX, which take the place of a model: how a model of Flax is watched."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

_WATCHER = "dlmagic.magics.watch.jax.watcher"
_WATCHED = "dlmagic.magics.watch.jax.watched"
_FLAX = ("flax.linen", "flax.nnx")
_LIBRARIES = ("jax", "flax", "optax", "dlmagic")


def is_step(value: object) -> bool:
    """Whether a value could be a step function of JAX."""
    if "jax" not in sys.modules or is_flax(value):
        return False
    return bool(import_module(_WATCHER).is_step(value))


def is_watched_step(value: object) -> bool:
    """Whether a value is what ``dlmagic.watch`` returned of a step function, and still watches."""
    watched = sys.modules.get(_WATCHED)
    if watched is None or not isinstance(value, watched.WatchedStep):
        return False
    return value.session is None or bool(value.session.running)


def is_flax(value: object) -> bool:
    """Whether a value is a model of Flax, which others train."""
    kinds = [getattr(sys.modules.get(name), "Module", None) for name in _FLAX]
    return isinstance(value, tuple(kind for kind in kinds if isinstance(kind, type)))


def how_flax_is_shown(value: object, name: str) -> str:
    """What to write for Flax's own table of a model's layers."""
    linen = getattr(sys.modules.get(_FLAX[0]), "Module", None)
    is_linen = isinstance(linen, type) and isinstance(value, linen)
    call = f"{name}.tabulate(jax.random.key(0), x)" if is_linen else f"nnx.tabulate({name}, x)"
    return f"Flax has a table of its own: print({call}), with an input x."


def how_flax_is_watched(namespace: Mapping[str, object]) -> str:
    """What to write where a notebook has a model of Flax; an empty text if it has none."""
    if not any(is_flax(value) for value in list(namespace.values())):
        return ""
    through = "A model of Flax is watched through the function that trains it."
    return f"{through} {how_step_is_watched(namespace)}"


def how_step_is_watched(namespace: Mapping[str, object]) -> str:
    """What to write to watch the function that trains, by its name if that can be told."""
    steps = [name for name, value in list(namespace.items()) if _is_compiled(name, value)]
    step = steps[0] if len(steps) == 1 else "train_step"
    return f"If it is called {step}, write {step} = dlmagic.watch({step}), and go on calling it."


def _is_compiled(name: str, value: object) -> bool:
    library = str(getattr(value, "__module__", "")).split(".")[0]
    if name.startswith("_") or library in _LIBRARIES or not is_step(value):
        return False
    return bool(import_module(_WATCHER).is_compiled(value))
