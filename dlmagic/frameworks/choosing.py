"""Which framework a cell computes with, and whose mode a mode is."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import FunctionType

from dlmagic.errors import MissingPackageError, ModeError, nearest
from dlmagic.frameworks.entries import (
    ENTRIES,
    KERAS,
    KERAS_METHODS,
    PYTHON_MODES,
    TENSORFLOW,
    Entry,
    adapter_of,
    all_modes,
    backend_of_keras,
    is_installed,
    is_loaded,
)
from dlmagic.frameworks.owners import roots_of
from dlmagic.frameworks.plain.adapter import PLAIN_MODE, PlainFramework
from dlmagic.frameworks.protocol import Framework
from dlmagic.frameworks.registry import loaded_frameworks

_PLAIN = "plain Python and NumPy"


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
    return adapter_of(found[0]), ""


def framework_of_mode(
    mode: str,
    values: Iterable[object],
    attributes: Collection[str] = (),
    modes_of: Mapping[str, Sequence[str]] | None = None,
) -> Framework:
    """The adapter that prepares a mode for a cell that reads these values.

    Args:
        mode: The mode.
        values: What the cell reads.
        attributes: Names of attributes in its code.
        modes_of: The modes that an error offers, by framework; by default all that it has.

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
    raise _misfit(mode, framework, reason, modes_of)


def _compiler_of_python(mode: str) -> Framework | None:
    """The framework that has the mode for cells of plain Python, imported if need be.

    Nothing is imported that the user did not name: the mode names the framework.

    Raises:
        ModeError: It is installed and does not work, for example beside this NumPy.
    """
    for entry in ENTRIES:
        if entry.compiles_python and mode in entry.modes and is_installed(entry):
            try:
                importlib.import_module(entry.root)
            except ImportError as error:
                reason = f"{entry.name} cannot be imported: {' '.join(str(error).split())}"
                raise ModeError(f"Mode {mode} does not work here.", reason) from error
            return adapter_of(entry)
    return None


def _misfit(
    mode: str,
    framework: Framework | None,
    reason: str,
    modes_of: Mapping[str, Sequence[str]] | None,
) -> ModeError | MissingPackageError:
    """Why a mode that exists does not fit the cell."""
    if framework is None:
        return ModeError(f"Mode {mode} does not fit this cell.", reason)
    owners = [entry for entry in ENTRIES if mode in entry.modes]
    if mode not in PYTHON_MODES and not any(is_installed(entry) for entry in owners):
        return MissingPackageError(owners[0].root, f"Mode {mode}")
    belongs = _PLAIN if mode in PYTHON_MODES else " or ".join(entry.name for entry in owners)
    problem = f"Mode {mode} is for {belongs}, and this cell computes with {_title(framework)}."
    if modes_of is None:
        own = [known.name for known in framework.modes]
        offered = own if PLAIN_MODE in own else [*own, PLAIN_MODE]
    else:
        offered = list(modes_of.get(framework.name, ()))
    return ModeError(problem, f"Choose from: {', '.join(offered)}." if offered else "")


def _title(framework: Framework) -> str:
    titles = {entry.root: entry.name for entry in ENTRIES}
    return titles.get(framework.name, _PLAIN)


def _entries_of(values: Iterable[object], attributes: Collection[str]) -> Sequence[Entry]:
    """The frameworks behind the values, Keras in place of its backend or the other way round."""
    loaded = [entry for entry in ENTRIES if is_loaded(entry)]
    values = list(values)
    strong, weak = roots_of(values, frozenset().union(*(entry.roots for entry in loaded)))
    found = [entry for entry in loaded if entry.roots & (strong or weak)]
    named = {*attributes, *_named_by_functions(values)}
    uses_methods = not KERAS_METHODS.isdisjoint(named)
    mentioned = KERAS.roots & (strong | weak) or ("keras" in named and TENSORFLOW in found)
    if uses_methods and mentioned and KERAS in loaded:
        return [KERAS]  # its methods take the data of every framework
    if KERAS in found:
        backend = backend_of_keras()
        found = [entry for entry in found if entry not in (KERAS, backend)]
        found.append(backend or KERAS)
    return found


def _named_by_functions(values: Iterable[object]) -> Iterator[str]:
    """What functions from the user's own modules name, such as ``fit`` in one that trains."""
    for value in values:
        if isinstance(value, FunctionType):
            yield from value.__code__.co_names
