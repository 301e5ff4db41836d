"""What a cell reads, packed for another process; or the name of what cannot go there.

Values are pickled by cloudpickle, which takes the notebook's own functions and classes along by
value. All of them stand in one pickle, so that an optimiser's parameters are still those of the
model. They go to our own processes through a pipe and are stored nowhere.
"""

from __future__ import annotations

import importlib
import io
import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from dlmagic.cell.reach import walk
from dlmagic.cell.subject import Subject
from dlmagic.errors import InputError, MissingPackageError
from dlmagic.frameworks.entries import ENTRIES, KERAS, backend_of_keras
from dlmagic.frameworks.owners import roots_of
from dlmagic.frameworks.protocol import Framework, Portable
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.isolated.task import Parcel
from dlmagic.magics.bench.isolated.travellers import culprit

_PLAIN = "plain"  # the folder of the framework "python"
_HINT = "Make it inside the cell, or leave out --isolate."


def pack(choices: Sequence[Choice], namespace: dict[str, object]) -> Parcel:
    """Pack what all alternatives read; nothing is started.

    Raises:
        MissingPackageError: cloudpickle is not installed.
        InputError: Something that the cell reads cannot travel.
    """
    cloudpickle = _cloudpickle()
    subjects = {choice.subject.block: choice.subject for choice in choices}.values()
    for subject in subjects:
        _require_known_names(subject)
    names = dict.fromkeys(name for subject in subjects for name in subject.cell.reads)
    values = {n: namespace[n] for n in names if n in namespace and n != "__builtins__"}
    frameworks = next(iter(subjects)).frameworks
    sources = _look_through(values, namespace, frameworks)
    return Parcel(
        settings=_settings(cloudpickle, values, choices, frameworks),
        values=_pickled(cloudpickle, values, namespace),
        sources=sources,
        variables=_variables(),
    )


def _cloudpickle() -> Any:
    try:
        return importlib.import_module("cloudpickle")
    except ModuleNotFoundError:
        raise MissingPackageError("cloudpickle", "--isolate") from None


def _require_known_names(subject: Subject) -> None:
    if subject.cell.layout.as_module:
        raise InputError(
            "The cell, or a function that it calls, reaches names by their text (exec, eval, "
            "globals, an IPython line), so what it reads cannot be taken to another process.",
            "Write the names out, or leave out --isolate.",
        )


def _look_through(
    values: Mapping[str, object], namespace: dict[str, object], frameworks: Sequence[Framework]
) -> dict[str, str]:
    """Refuse what would arrive as something else; collect the text of the user's functions."""
    sources: dict[str, str] = {}
    asked = [framework for framework in frameworks if isinstance(framework, Portable)]
    for reached in walk(values, namespace, frameworks):
        whys = (framework.stays_here(reached.value) for framework in asked)
        what = next((why for why in whys if why is not None), None) or _stays_here(reached.value)
        if what is not None:
            raise InputError(f"{reached.path} is {what}.", _HINT)
        if isinstance(reached.value, FunctionType):
            name = reached.value.__code__.co_filename
            if name not in sources and name in linecache.cache and not Path(name).exists():
                sources[name] = "".join(linecache.getlines(name))
    return sources


def _stays_here(value: object) -> str | None:
    """What a value is that pickling would turn into something else."""
    standard = (sys.stdin, sys.stdout, sys.stderr)
    in_memory = isinstance(value, io.StringIO | io.BytesIO)
    if isinstance(value, io.IOBase) and not in_memory and value not in standard:
        return "an open file, which stays in this process"
    return None


def _pickled(cloudpickle: Any, values: Mapping[str, object], namespace: dict[str, object]) -> bytes:
    file = io.BytesIO()
    try:
        _pickler(cloudpickle, file, namespace).dump(dict(values))
    except Exception as error:  # pickling runs the code of whatever is pickled
        found = culprit(values, lambda value: _why_not(cloudpickle, value, namespace))
        path, reason = found or (next(iter(values), "a value"), _in_words(error))
        raise InputError(f"{path} cannot be taken to another process: {reason}.", _HINT) from None
    return file.getvalue()


def _why_not(cloudpickle: Any, value: object, namespace: dict[str, object]) -> str | None:
    try:
        _pickler(cloudpickle, _Nowhere(), namespace).dump(value)
    except Exception as error:
        return _in_words(error)
    return None


def _in_words(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".")[:160]


def _pickler(cloudpickle: Any, file: object, namespace: dict[str, object]) -> Any:
    """A pickler for which the notebook's namespace is that of the other process."""
    pickler = cloudpickle.Pickler(file)
    there = _Namespace()
    # What functions share as their globals; without it they would get a namespace of their own.
    known = getattr(pickler, "globals_ref", None)
    if isinstance(known, dict):
        known[id(namespace)] = there
        known[id(vars(sys.modules["__main__"]))] = there
    return pickler


class _Namespace:
    """Stands for the notebook's namespace; on arrival it is the one of the other process."""

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return namespace_of_main, ()


def namespace_of_main() -> dict[str, object]:
    """The namespace in which a fresh process runs its cell."""
    return vars(sys.modules["__main__"])


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return memoryview(data).nbytes


def _settings(
    cloudpickle: Any,
    values: Mapping[str, object],
    choices: Iterable[Choice],
    frameworks: Sequence[Framework],
) -> dict[str, bytes]:
    """The settings of the frameworks that the cell computes with, by their folder's name."""
    entries = {entry.root: entry for entry in ENTRIES}
    wanted = frozenset(name for entry in ENTRIES for name in entry.roots)
    strong, weak = roots_of(values.values(), wanted)
    used = {e.root for e in ENTRIES if e.roots & (strong | weak)}
    used |= {choice.framework.name for choice in choices}
    if KERAS.root in used:
        backend = backend_of_keras()
        used |= {backend.root} if backend else set()
    by_name = {framework.name: framework for framework in [*frameworks, *_of(choices)]}
    portable = {
        name if name in entries else _PLAIN: framework
        for name, framework in by_name.items()
        if isinstance(framework, Portable) and (name in used or name not in entries)
    }
    return {
        name: cloudpickle.dumps(dict(framework.portable_settings()))
        for name, framework in portable.items()
    }


def _of(choices: Iterable[Choice]) -> list[Framework]:
    return [choice.framework for choice in choices]


def _variables() -> dict[str, str]:
    keras: Any = sys.modules.get(KERAS.root)
    return {} if keras is None else {"KERAS_BACKEND": str(keras.config.backend())}
