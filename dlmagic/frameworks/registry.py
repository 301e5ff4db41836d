"""Which frameworks there are, and which of them a cell computes with.

An adapter is loaded only when its framework stands in ``sys.modules``: what the user has not
imported is not imported for them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import FunctionType

from dlmagic.errors import MissingPackageError, ModeError, nearest
from dlmagic.frameworks.owners import roots_of
from dlmagic.frameworks.plain.adapter import PLAIN_MODE, PlainFramework
from dlmagic.frameworks.protocol import Framework, Repeats


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
_PLAIN = "plain Python and NumPy"
KERAS_METHODS = frozenset(
    {"fit", "evaluate", "predict"} | {f"{what}_on_batch" for what in ("train", "test", "predict")}
)
"""What of a Keras model takes its mode from ``compile``; other code of Keras is its backend's."""


def loaded_frameworks() -> tuple[Framework, ...]:
    """The adapters of all frameworks that the user has imported, plain Python last."""
    adapters = tuple(_adapter(entry) for entry in ENTRIES if _is_loaded(entry))
    # What Keras counts is what its backend counts.
    beside = tuple(adapter for adapter in adapters if adapter.name != KERAS.root)
    return (*adapters, PlainFramework(beside))


@contextmanager
def repeating() -> Iterator[None]:
    """While active, every run from one state draws the same random numbers, if it is possible."""
    with ExitStack() as stack:
        for framework in loaded_frameworks():
            if isinstance(framework, Repeats):
                stack.enter_context(framework.repeating())
        yield


def framework_for(
    values: Iterable[object], attributes: Collection[str] = ()
) -> tuple[Framework | None, str]:
    """The framework that a cell computes with, judged by the values that it reads.

    Values of a framework decide (also inside containers, objects and helper functions); where
    there are none, its modules and functions do.

    Args:
        values: What the cell reads.
        attributes: Names of attributes in its code, such as ``fit``.

    Returns:
        The adapter and an empty string; plain Python where no framework is involved; or None
        and the reason, where two are.
    """
    found = _entries_of(values, attributes)
    if len(found) > 1:
        names = " and ".join(sorted(entry.name for entry in found))
        return None, f"The cell computes with {names}, so only the mode plain fits it."
    if not found:
        return loaded_frameworks()[-1], ""
    return _adapter(found[0]), ""


def framework_of_mode(
    mode: str, values: Iterable[object], attributes: Collection[str] = ()
) -> Framework:
    """The adapter that prepares a mode for a cell that reads these values.

    Raises:
        ModeError: No framework has the mode, or it is not the one that the cell computes with.
        MissingPackageError: The framework that has the mode is not installed.
    """
    if mode == PLAIN_MODE:
        return loaded_frameworks()[-1]
    if mode not in all_modes():
        raise ModeError(f"There is no mode {mode}.", nearest(mode, all_modes()))
    framework, reason = framework_for(values, attributes)
    if framework is not None and mode in [known.name for known in framework.modes]:
        return framework
    if isinstance(framework, PlainFramework):
        compiler = _compiler_of_python(mode)
        if compiler is not None:
            return compiler
    raise _misfit(mode, framework, reason)


def all_modes() -> tuple[str, ...]:
    """The names of all modes of all frameworks."""
    modes = (mode for entry in ENTRIES for mode in entry.modes)
    return tuple(dict.fromkeys([*modes, *PYTHON_MODES]))


def _compiler_of_python(mode: str) -> Framework | None:
    """The framework that has the mode for cells of plain Python, imported if need be.

    Nothing is imported that the user did not name: the mode names the framework.

    Raises:
        ModeError: It is installed and does not work, for example beside this NumPy.
    """
    for entry in ENTRIES:
        if entry.compiles_python and mode in entry.modes and _is_installed(entry):
            try:
                importlib.import_module(entry.root)
            except ImportError as error:
                reason = f"{entry.name} cannot be imported: {' '.join(str(error).split())}"
                raise ModeError(f"Mode {mode} does not work here.", reason) from error
            return _adapter(entry)
    return None


def _misfit(mode: str, framework: Framework | None, reason: str) -> ModeError | MissingPackageError:
    """Why a mode that exists does not fit the cell."""
    if framework is None:
        return ModeError(f"Mode {mode} does not fit this cell.", reason)
    owners = [entry for entry in ENTRIES if mode in entry.modes]
    if mode not in PYTHON_MODES and not any(_is_installed(entry) for entry in owners):
        return MissingPackageError(owners[0].root, f"Mode {mode}")
    belongs = " or ".join(entry.name for entry in owners)
    if mode in PYTHON_MODES:
        belongs = _PLAIN
    uses = _title(framework)
    names = ", ".join(known.name for known in framework.modes)
    return ModeError(
        f"Mode {mode} is for {belongs}, and this cell computes with {uses}.",
        f"Choose from: {names}." if PLAIN_MODE in names else f"Choose from: {names}, plain.",
    )


def _title(framework: Framework) -> str:
    titles = {entry.root: entry.name for entry in ENTRIES}
    return titles.get(framework.name, _PLAIN)


def _entries_of(values: Iterable[object], attributes: Collection[str]) -> Sequence[Entry]:
    """The frameworks behind the values, Keras in place of its backend or the other way round."""
    loaded = [entry for entry in ENTRIES if _is_loaded(entry)]
    values = list(values)
    strong, weak = roots_of(values, frozenset().union(*(entry.roots for entry in loaded)))
    found = [entry for entry in loaded if entry.roots & (strong or weak)]
    named = {*attributes, *_named_by_functions(values)}
    uses_methods = not KERAS_METHODS.isdisjoint(named)
    mentioned = KERAS.roots & (strong | weak) or ("keras" in named and TENSORFLOW in found)
    if uses_methods and mentioned and KERAS in loaded:
        return [KERAS]  # its methods take the data of every framework
    if KERAS in found:
        backend = _backend_of_keras()
        found = [entry for entry in found if entry not in (KERAS, backend)]
        found.append(backend or KERAS)
    return found


def _named_by_functions(values: Iterable[object]) -> Iterator[str]:
    """What functions from the user's own modules name, such as ``fit`` in one that trains."""
    for value in values:
        if isinstance(value, FunctionType):
            yield from value.__code__.co_names


def framework_behind_keras() -> Framework:
    """The adapter of the framework that Keras computes with; plain Python's for one without."""
    backend = _backend_of_keras()
    return PlainFramework() if backend is None else _adapter(backend)


def _backend_of_keras() -> Entry | None:
    """The framework that Keras computes with; None for one that has no adapter."""
    backend = sys.modules["keras"].config.backend()
    return next((entry for entry in ENTRIES if entry.root == backend), None)


def _is_loaded(entry: Entry) -> bool:
    """Whether the framework is imported; a failed import can leave an empty module behind."""
    return getattr(sys.modules.get(entry.root), "__version__", None) is not None


def _is_installed(entry: Entry) -> bool:
    """Whether the framework is imported, or can be found."""
    if _is_loaded(entry):
        return True
    try:
        return find_spec(entry.root) is not None
    except (ImportError, ValueError):  # a finder that refuses, a module without a spec
        return False


def _adapter(entry: Entry) -> Framework:
    module = importlib.import_module(f"dlmagic.frameworks.{entry.root}.adapter")
    made: Framework = getattr(module, entry.adapter)()
    return made
