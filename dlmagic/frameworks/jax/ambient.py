"""JAX's global settings, and those that decide about speed or precision."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import jax

from dlmagic.frameworks.jax import _compat as compat

_TOLD = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_numpy_dtype_promotion",
    "jax_default_prng_impl",
    "jax_disable_jit",
    "jax_cpu_enable_async_dispatch",
)
_THREADS = ("NPROC", "OMP_NUM_THREADS")
"""Where XLA looks for the number of threads of a CPU, which no function of JAX tells."""


class SavedFlags:
    """What ``jax.config.update`` sets: precision, checks, the default device."""

    def __init__(self) -> None:
        self._flags = compat.flags()

    def changed(self) -> bool:
        """Whether a flag differs."""
        return bool(self._differing())

    def restore(self) -> None:
        """Set only those that differ: some can be set only before JAX starts its devices."""
        for name, value in self._differing().items():
            jax.config.update(name, value)

    def children(self) -> Iterable[tuple[str, object]]:
        """A flag is a leaf."""
        return ()

    def _differing(self) -> dict[str, object]:
        now = compat.flags()
        return {name: value for name, value in self._flags.items() if now.get(name, value) != value}


def settings() -> Mapping[str, str]:
    """The flags that decide about speed or precision, and where JAX computes."""
    told = {name: str(getattr(jax.config, name)) for name in _TOLD if hasattr(jax.config, name)}
    started = compat.is_started()
    named = {name: os.environ[name] for name in (*_THREADS, "XLA_FLAGS") if os.environ.get(name)}
    return {
        **told,
        "jax_default_device": str(jax.config.jax_default_device),
        "platform": jax.default_backend() if started else "not started",
        "threads": "chosen by XLA" if not named.keys() & set(_THREADS) else "set by environment",
        **named,
    }
