"""Everything that a cell can reach from the names it reads, each object once.

A breadth-first walk over attributes, containers, closures and the globals that
functions of the notebook read. It stops at modules, at classes of libraries and at the
machinery of the notebook itself, none of which a cell changes by computing.
"""

from __future__ import annotations

import gc
import io
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)

from dlmagic.cell import global_names
from dlmagic.cell.saved import SavedAttributes, save_python
from dlmagic.cell.saved_names import (
    attributes_of_class,
    is_made_for_one,
    saved_made_class,
    saved_names,
    slots_of,
)
from dlmagic.cell.saved_streams import position_of
from dlmagic.frameworks.protocol import Framework, Saved, SavedNothing

_ATOMS = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis),
    ModuleType, CodeType, FrameType, TracebackType,
)  # fmt: skip
_MACHINERY = (
    "IPython", "ipykernel", "zmq", "traitlets", "logging", "threading", "_thread", "asyncio",
    "concurrent", "multiprocessing", "selectors", "socket", "dlmagic",
)  # fmt: skip
# What these hold has been named; to move the file below a buffer would confuse the buffer.
_WITHOUT_MORE = (type, list, dict, set, deque, io.IOBase)
_ONE_PASS = (GeneratorType, CoroutineType, AsyncGeneratorType)


@dataclass(frozen=True)
class Reached:
    """One object that the cell can reach.

    Attributes:
        path: How the user would write it, such as ``"model.fc1.weight"``.
        value: The object.
        saved: Its state, in one or more parts; empty where it has none of its own.
        owner: The framework that saved it, or None.
        own: Whether it was reached through the user's own names and containers alone, and
            not through the inside of a library's object.
    """

    path: str
    value: object
    saved: tuple[Saved, ...]
    owner: Framework | None
    own: bool


def walk(
    names: Iterable[str], namespace: dict[str, object], frameworks: Sequence[Framework]
) -> Iterator[Reached]:
    """Yield every object that can be reached from some names of a namespace."""
    seen = {id(namespace)}
    waiting = _Waiting()
    for name in dict.fromkeys(names):
        if name in namespace:
            waiting.add(_NAMED, name, namespace[name], own=True)
    keep: list[object] = []
    for rank, path, value, own in waiting:
        if id(value) in seen or _is_machinery(value) or isinstance(value, _ATOMS):
            continue
        seen.add(id(value))
        # What lives only for a moment could lend its id to the next object.
        keep.append(value)
        reached = _reach(path, value, frameworks, own, namespace)
        yield reached
        stands_for_another = any(isinstance(part, SavedNothing) for part in reached.saved)
        inside = own and (stands_for_another or not _is_foreign(value, namespace))
        below = rank or (_CALLED if callable(value) else _LISTED)
        for suffix, child in _children(reached, namespace):
            # What a function reads has a name of its own: "x", not "step.x".
            if isinstance(value, FunctionType) and not suffix.startswith("."):
                waiting.add(_NAMED, suffix, child, inside)
            else:
                waiting.add(below, path + suffix, child, inside)


_NAMED, _CALLED, _LISTED = range(3)


class _Waiting:
    """What is still to be visited, in the order that gives the best names.

    First what has a name, then what models and functions hold, then the rest: a parameter is
    ``model.weight`` and not ``optimizer.param_groups[0]['params'][0]``. Within each, breadth
    first.
    """

    def __init__(self) -> None:
        self.queues: tuple[deque[tuple[str, object, bool]], ...] = (deque(), deque(), deque())

    def add(self, rank: int, path: str, value: object, own: bool) -> None:
        self.queues[rank].append((path, value, own))

    def __iter__(self) -> Iterator[tuple[int, str, object, bool]]:
        while any(self.queues):
            rank = next(rank for rank, queue in enumerate(self.queues) if queue)
            yield rank, *self.queues[rank].popleft()


def _reach(
    path: str,
    value: object,
    frameworks: Sequence[Framework],
    own: bool,
    namespace: Mapping[str, object],
) -> Reached:
    for framework in frameworks:
        saved = framework.save(value)
        if saved is not None:
            return Reached(path, value, (saved,), framework, own)
    return Reached(path, value, tuple(_python_parts(value, namespace)), None, own)


def _python_parts(value: object, namespace: Mapping[str, object]) -> Iterator[Saved]:
    if isinstance(value, type):
        if value.__module__ == namespace.get("__name__"):
            yield saved_names(value, attributes_of_class(value))
        return
    own = save_python(value)
    if own is not None:
        yield own
    if attributes_of(value) is not None and not isinstance(value, FunctionType):
        yield SavedAttributes(value)
        if is_made_for_one(type(value)):
            yield saved_made_class(type(value))
    slots = slots_of(value)
    if slots is not None:
        yield saved_names(value, slots)


def attributes_of(value: object) -> dict[str, object] | None:
    """The object's own attributes, not those that its ``__getattr__`` takes from another one."""
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return attributes if isinstance(attributes, dict) else None


def _children(reached: Reached, namespace: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    value = reached.value
    for saved in reached.saved:
        yield from saved.children()
    if isinstance(value, FunctionType):
        yield from _parts_of_function(value, namespace)
    elif isinstance(value, MethodType):
        yield from (("", value.__self__), ("", value.__func__))
    elif isinstance(value, tuple | frozenset):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, weakref.ref):
        yield "()", value()
    elif isinstance(value, property | staticmethod | classmethod):
        yield from (("", part) for part in gc.get_referents(value))
    elif not isinstance(value, _WITHOUT_MORE) and reached.owner is None:
        # An object of a C extension, such as functools.partial: what it holds may be arrays.
        known = (type(value), attributes_of(value))
        parts = (part for part in gc.get_referents(value) if not any(part is k for k in known))
        yield from ((f"'s part {number}", part) for number, part in enumerate(parts))
    if _of_notebook(type(value), namespace):
        yield "", type(value)
    if isinstance(value, type) and _of_notebook(value, namespace):
        yield from (("", base) for base in value.__bases__ if _of_notebook(base, namespace))


def _parts_of_function(
    function: FunctionType, namespace: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell
    if function.__globals__ is namespace:
        used = global_names.of_code(function.__code__)
        for name in sorted(used.loads | used.stores):  # the same order in every process
            if name in namespace:
                yield name, namespace[name]


def one_pass(value: object) -> str | None:
    """What to call an object that can be read once only and not put back, or None."""
    if isinstance(value, type):
        return None
    if isinstance(value, _ONE_PASS):
        return "generator"
    if isinstance(value, io.StringIO | io.BytesIO):
        return None
    if isinstance(value, io.IOBase):
        return "open file" if not value.closed and position_of(value) is None else None
    has_state = attributes_of(value) is not None or slots_of(value) is not None
    if not has_state and hasattr(value, "__next__") and hasattr(value, "__iter__"):
        return f"{type(value).__name__} iterator"
    return None


def _is_foreign(value: object, namespace: Mapping[str, object]) -> bool:
    """Whether an object is a library's, so that its inside is the library's affair."""
    if isinstance(value, list | tuple | dict | set | frozenset | deque | FunctionType | MethodType):
        return False
    owner = value if isinstance(value, type) else type(value)
    return owner.__module__ != "builtins" and not _of_notebook(owner, namespace)


def _of_notebook(owner: type, namespace: Mapping[str, object]) -> bool:
    return owner.__module__ == namespace.get("__name__")


def _is_machinery(value: object) -> bool:
    if type(value) in weakref.ProxyTypes:
        return True  # it answers as another object would, which may be gone
    owner = value if isinstance(value, type) else type(value)
    return str(owner.__module__).partition(".")[0] in _MACHINERY
