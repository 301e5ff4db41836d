"""Which modes Keras has, which depends on the framework that it computes with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.errors import ModeError, ModeUnavailable, nearest
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.protocol import Mode

EAGER, GRAPH, XLA = "eager", "graph", "xla"


@dataclass(frozen=True)
class Switches:
    """The two settings of ``compile`` that make a mode.

    Attributes:
        run_eagerly: Whether Python code runs in every step.
        jit_compile: Whether a compiler fuses the step.
    """

    run_eagerly: bool
    jit_compile: bool

    @property
    def attributes(self) -> Mapping[str, object]:
        """The attributes of a model that say so."""
        return compat.settings_of(self.run_eagerly, self.jit_compile)


_SWITCHES = {
    EAGER: Switches(True, False),
    GRAPH: Switches(False, False),
    XLA: Switches(False, True),
}
_SUMMARIES = {
    "tensorflow": (
        "run_eagerly=True: operation by operation",
        "run_eagerly=False, jit_compile=False: one graph a step",
        "jit_compile=True: the step compiled by XLA",
    ),
    "jax": (
        "run_eagerly=True: operation by operation",
        "not on JAX, which has no graphs but XLA's",
        "jit_compile=True: the step compiled by XLA",
    ),
    "torch": (
        "jit_compile=False: operation by operation",
        "not on PyTorch",
        "jit_compile=True: the step through torch.compile",
    ),
}
_DEFAULTS = {"tensorflow": (EAGER, GRAPH), "jax": (EAGER, XLA), "torch": (EAGER,)}


def modes_on(backend: str) -> tuple[Mode, ...]:
    """The modes by the name of the framework that Keras computes with."""
    summaries = _SUMMARIES.get(backend, _SUMMARIES["tensorflow"])
    defaults = _DEFAULTS.get(backend, (EAGER,))
    return tuple(
        Mode(name, summary, default=name in defaults)
        for name, summary in zip((EAGER, GRAPH, XLA), summaries, strict=True)
    )


def switches_for(mode: str, backend: str) -> Switches:
    """The settings that make a mode.

    Raises:
        ModeError: There is no such mode.
        ModeUnavailable: Keras has it with another framework only.
    """
    if mode not in _SWITCHES:
        raise ModeError(f"Keras has no mode {mode}.", nearest(mode, _SWITCHES))
    if backend in ("jax", "torch") and mode == GRAPH:
        title = {"jax": "JAX", "torch": "PyTorch"}[backend]
        raise ModeUnavailable(f"Keras on {title} has no graphs apart from the mode xla.")
    if backend not in _DEFAULTS and mode != EAGER:
        raise ModeUnavailable(f"Keras on {backend} compiles nothing.")
    return _SWITCHES[mode]
