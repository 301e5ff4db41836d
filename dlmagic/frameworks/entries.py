"""The frameworks that dlmagic knows, as far as they are known without importing them.

An adapter is loaded only when its framework stands in ``sys.modules``: what the user has not
imported is not imported for them.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from dlmagic.frameworks.plain.adapter import PLAIN_MODE
from dlmagic.frameworks.protocol import Framework


@dataclass(frozen=True)
class Entry:
    """One framework, as far as it is known without importing it.

    Attributes:
        name: In the user's words.
        root: The module that must be in ``sys.modules``.
        modes: The names of its modes, the reference first.
        adapter: The class behind the protocol, in ``dlmagic.frameworks.ROOT.adapter``.
        relatives: First names of other modules whose objects are this framework's.
        compiles_python: Whether its modes also fit a cell of plain Python and NumPy.
    """

    name: str
    root: str
    modes: tuple[str, ...]
    adapter: str
    relatives: tuple[str, ...] = ()
    compiles_python: bool = False

    @property
    def roots(self) -> frozenset[str]:
        """First names of all modules whose objects are this framework's."""
        return frozenset({self.root, *self.relatives})


TORCH_MODES = (
    "eager", "compile", "compile:reduce-overhead", "compile:max-autotune",
    "trace", "script", "cudagraph",
)  # fmt: skip
PYTORCH = Entry("PyTorch", "torch", TORCH_MODES, "TorchFramework")
TENSORFLOW = Entry("TensorFlow", "tensorflow", ("eager", "graph", "xla"), "TensorFlowFramework")
KERAS = Entry("Keras", "keras", ("eager", "graph", "xla"), "KerasFramework")
JAX = Entry("JAX", "jax", ("eager", "jit"), "JaxFramework", ("jaxlib", "flax", "optax"))
NUMBA = Entry("numba", "numba", ("python", "njit"), "NumbaFramework", compiles_python=True)
ENTRIES = (PYTORCH, TENSORFLOW, KERAS, JAX, NUMBA)
PYTHON_MODES = ("python", PLAIN_MODE)
KERAS_METHODS = frozenset(
    {"fit", "evaluate", "predict"} | {f"{what}_on_batch" for what in ("train", "test", "predict")}
)
"""What of a Keras model takes its mode from ``compile``; other code of Keras is its backend's."""


def all_modes() -> tuple[str, ...]:
    """The names of all modes of all frameworks."""
    modes = (mode for entry in ENTRIES for mode in entry.modes)
    return tuple(dict.fromkeys([*modes, *PYTHON_MODES]))


def is_loaded(entry: Entry) -> bool:
    """Whether the framework is imported; a failed import can leave an empty module behind."""
    return getattr(sys.modules.get(entry.root), "__version__", None) is not None


def is_installed(entry: Entry) -> bool:
    """Whether the framework is imported, or can be found."""
    if is_loaded(entry):
        return True
    try:
        return find_spec(entry.root) is not None
    except (ImportError, ValueError):  # a finder that refuses, a module without a spec
        return False


def where_none_is_installed(*entries: Entry) -> str:
    """What to do where none of these frameworks is installed; an empty text where one is."""
    if any(is_installed(entry) for entry in entries):
        return ""
    names = " nor ".join(entry.name for entry in entries)
    return f"Neither {names} is installed. Install one, such as: pip install {entries[0].root}"


def adapter_of(entry: Entry) -> Framework:
    """The adapter behind an entry; imports the adapter's module, and so the framework."""
    module = importlib.import_module(f"dlmagic.frameworks.{entry.root}.adapter")
    made: Framework = getattr(module, entry.adapter)()
    return made


def backend_of_keras() -> Entry | None:
    """The framework that Keras computes with; None for one that has no adapter."""
    backend = sys.modules["keras"].config.backend()
    return next((entry for entry in ENTRIES if entry.root == backend), None)
