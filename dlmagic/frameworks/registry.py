"""Which frameworks there are, and which of them a cell computes with.

An adapter is loaded only when its framework stands in ``sys.modules``: what the user has not
imported is not imported for them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from dlmagic.errors import MissingPackageError, ModeError, nearest
from dlmagic.frameworks.owners import roots_of
from dlmagic.frameworks.plain import PLAIN_MODE, PlainFramework
from dlmagic.frameworks.protocol import Framework


@dataclass(frozen=True)
class Entry:
    """One framework, as far as it is known without importing it.

    Attributes:
        name: In the user's words.
        root: The module that must be in ``sys.modules``.
        package: What pip installs.
        modes: The names of its modes, the reference first.
        adapter: The module and class behind the protocol, or empty where there is none yet.
    """

    name: str
    root: str
    package: str
    modes: tuple[str, ...]
    adapter: tuple[str, str] | None = None


TORCH_MODES = (
    "eager", "compile", "compile:reduce-overhead", "compile:max-autotune",
    "trace", "script", "cudagraph",
)  # fmt: skip
ENTRIES = (
    Entry("PyTorch", "torch", "torch", TORCH_MODES, ("dlmagic.frameworks.torch", "TorchFramework")),
    Entry("TensorFlow", "tensorflow", "tensorflow", ("eager", "graph", "xla")),
    Entry("JAX", "jax", "jax", ("eager", "jit")),
    Entry("numba", "numba", "numba", ("njit",)),
)
PYTHON_MODES = ("python", PLAIN_MODE)


def loaded_frameworks() -> tuple[Framework, ...]:
    """The adapters of all frameworks that the user has imported, plain Python last."""
    adapters = tuple(_adapter(entry) for entry in ENTRIES if entry.adapter and _is_loaded(entry))
    return (*adapters, PlainFramework(adapters))


def framework_for(values: Iterable[object]) -> tuple[Framework | None, str]:
    """The framework that a cell computes with, judged by the values that it reads.

    Values of a framework decide (also inside containers, objects and helper functions); where
    there are none, its modules and functions do.

    Returns:
        The adapter and an empty string; plain Python where no framework is involved; or None
        and the reason, where two are.
    """
    found = _entries_of(values)
    if len(found) > 1:
        names = " and ".join(entry.name for entry in found)
        return None, f"The cell computes with {names}, so only the mode plain fits it."
    if not found:
        return loaded_frameworks()[-1], ""
    if found[0].adapter is None:
        return None, f"Modes of {found[0].name} are not there yet, so only the mode plain fits."
    return _adapter(found[0]), ""


def framework_of_mode(mode: str, values: Iterable[object]) -> Framework:
    """The adapter that prepares a mode for a cell that reads these values.

    Raises:
        ModeError: No framework has the mode, or it is not the one that the cell computes with.
        MissingPackageError: The framework that has the mode is not installed.
    """
    if mode == PLAIN_MODE:
        return loaded_frameworks()[-1]
    if mode not in all_modes():
        raise ModeError(f"There is no mode {mode}.", nearest(mode, all_modes()))
    framework, reason = framework_for(values)
    if framework is not None and mode in [known.name for known in framework.modes]:
        return framework
    raise _misfit(mode, framework, reason)


def all_modes() -> tuple[str, ...]:
    """The names of all modes of all frameworks."""
    modes = (mode for entry in ENTRIES for mode in entry.modes)
    return tuple(dict.fromkeys([*modes, *PYTHON_MODES]))


def _misfit(mode: str, framework: Framework | None, reason: str) -> ModeError | MissingPackageError:
    """Why a mode that exists does not fit the cell."""
    if framework is None:
        return ModeError(f"Mode {mode} does not fit this cell.", reason)
    owners = [entry for entry in ENTRIES if mode in entry.modes]
    for entry in owners:
        if not _is_loaded(entry) and find_spec(entry.root) is None and len(owners) == 1:
            return MissingPackageError(entry.package, f"Mode {mode}")
    if owners and all(entry.adapter is None for entry in owners):
        return ModeError(f"Mode {mode} is not there yet.", "Use the mode plain.")
    belongs = " or ".join(entry.name for entry in owners) or "plain Python and NumPy"
    uses = _title(framework)
    names = ", ".join(known.name for known in framework.modes)
    return ModeError(
        f"Mode {mode} is for {belongs}, and this cell computes with {uses}.",
        f"Choose from: {names}." if PLAIN_MODE in names else f"Choose from: {names}, plain.",
    )


def _title(framework: Framework) -> str:
    titles = {entry.root: entry.name for entry in ENTRIES}
    return titles.get(framework.name, "plain Python and NumPy")


def _entries_of(values: Iterable[object]) -> Sequence[Entry]:
    loaded = {entry.root: entry for entry in ENTRIES if _is_loaded(entry)}
    strong, weak = roots_of(values, frozenset(loaded))
    return [loaded[root] for root in sorted(strong or weak)]


def _is_loaded(entry: Entry) -> bool:
    """Whether the framework is imported; a failed import can leave an empty module behind."""
    return getattr(sys.modules.get(entry.root), "__version__", None) is not None


def _adapter(entry: Entry) -> Framework:
    assert entry.adapter is not None
    module, name = entry.adapter
    made: Framework = getattr(importlib.import_module(module), name)()
    return made
