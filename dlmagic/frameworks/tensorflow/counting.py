"""Counting what TensorFlow traces while a measurement runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from weakref import WeakSet

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.draws import watching

_counts = {"compile": 0, "recompile": 0}
_traced: WeakSet[object] = WeakSet()
_converted: WeakSet[object] = WeakSet()
_conversions = 0
_users = 0
_HERE = str(Path(__file__).parent)


def events() -> Mapping[str, int]:
    """How many graphs were traced while somebody counted, and how many of them again."""
    return dict(_counts)


def compile_costs() -> CompileCosts:
    """How long tracing took; what TensorFlow and XLA make of the graphs, they do not tell."""
    seconds = compat.tracing_seconds()
    phases = {} if seconds is None else {"trace": seconds}
    return CompileCosts(phases, steps=_counts["compile"] + _count_converted())


def _count_converted() -> int:
    """How many functions of others AutoGraph has rewritten; it forgets them with their code."""
    global _conversions
    fresh = [
        code
        for code in compat.converted_functions()
        if code not in _converted and _HERE not in getattr(code, "co_filename", _HERE)
    ]
    _converted.update(fresh)
    _conversions += len(fresh)
    return _conversions


@contextmanager
def counting() -> Iterator[None]:
    """Listen while active; may be entered several times at once."""
    global _users
    listeners = compat.callbacks()
    _users += 1
    if _users == 1 and listeners is not None:
        listeners.append(_listen)
    try:
        with watching() if _users == 1 else nullcontext():
            yield
    finally:
        _users -= 1
        if _users == 0 and listeners is not None:
            listeners.remove(_listen)


def _listen(concrete: object) -> None:  # noqa: ARG001 - it does not know its Python function
    function = compat.python_function_being_traced()
    if compat.is_of_data_set(function):
        return  # making a data set traces its functions: that is the cell's own work
    _counts["compile"] += 1
    if function is None:
        return
    _counts["recompile"] += function in _traced
    _traced.add(function)
