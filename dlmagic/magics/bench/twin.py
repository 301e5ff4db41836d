"""``dlmagic.bench``: the same benchmark for scripts, tests and other notebooks."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.values import SweepValues, read_sweep, sweep_of


def bench(
    *code: str | Callable[..., object],
    args: Sequence[object] = (),
    namespace: Mapping[str, object] | None = None,
    modes: str | Sequence[str] | None = None,
    reference: str | None = None,
    time: float = 5.0,
    check: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    keep: bool = False,
    memory: bool = False,
    flops: bool = False,
    energy: bool = False,
    cold: bool = False,
    sweep: str | Mapping[str, Sequence[object]] | None = None,
    save: str | os.PathLike[str] | None = None,
    against: str | os.PathLike[str] | None = None,
    force: bool = False,
    isolate: bool = False,
    on: object = None,
) -> BenchResult:
    """Time code in several execution modes, or several functions against each other.

    >>> result = bench("sum(x)", namespace={"x": [1, 2]}, time=0.05)
    >>> result["python"].status
    'ok'

    Args:
        code: The text of one cell, with alternatives below lines ``# --- NAME`` or without;
            or functions, each called with ``args``, which become the alternatives.
        args: What functions are called with.
        namespace: What the cell's text finds; the caller's own names by default.
        modes: Execution modes, such as ``["eager", "compile"]`` or ``"eager,compile"``.
        reference: The mode or alternative to compare with; the first by default.
        time: Measuring budget in seconds, compiling apart.
        check: Whether answers are compared.
        rtol: Relative tolerance; by default the dtype's.
        atol: Absolute tolerance; by default the dtype's.
        keep: Whether the reference run's assignments and changes stay in ``namespace``.
        memory: Whether to measure how much memory a call needs.
        flops: Whether to count floating point operations.
        energy: Whether to measure the energy that GPUs take.
        cold: Whether to flush caches before every timed call.
        sweep: A name that the cell's text reads, and the values that it is bound to in turn:
            ``{"n": [64, 256]}`` or ``"n=64,256"``.
        save: File to write the result to, as JSON.
        against: File with a result saved earlier, to compare with.
        force: Whether ``save`` may replace a file of something else.
        isolate: Whether each arm runs in fresh processes, several times.
        on: A view, client or started cluster of ipyparallel, on whose engines the cell's text is
            timed at once, in their own namespaces.

    Raises:
        RankError: Of the engines one failed, ended or did not answer.
        InputError: The arguments, the cell or a mode cannot be used; nothing has run.
        BaseException: What the code raises when it runs as it is.
    """
    if code and all(isinstance(part, str) for part in code):
        names = _names_of_caller() if namespace is None else namespace
        if len(code) > 1:
            raise InputError(
                "bench() takes the text of one cell.", 'Divide it with lines "# --- NAME".'
            )
        text = str(code[0])
    elif code and all(callable(part) for part in code):
        if on is not None:
            raise InputError(
                "on= takes the text of a cell: functions of this process are not on the engines.",
                'Define them there with %%px, and pass text: bench("f(x)", on=view).',
            )
        if sweep is not None:
            raise InputError(
                "sweep= binds a name that the text of a cell reads; functions read no such name.",
                'Pass text: bench("f(n)", sweep={"n": [64, 256]}).',
            )
        text, names = _calls(code, args)
    else:
        raise InputError("bench() takes the text of a cell, or functions.")
    request = Request(
        source=CellSource.from_text(text),
        namespace=names if isinstance(names, dict) else dict(names),
        modes=_modes(modes),
        reference=reference,
        seconds=time,
        check=check,
        rtol=rtol,
        atol=atol,
        keep=keep,
        memory=memory,
        flops=flops,
        energy=energy,
        cold=cold,
        sweep=_swept(sweep),
        save=None if save is None else os.fspath(save),
        against=None if against is None else os.fspath(against),
        force=force,
        isolate=isolate,
        on=on,
    )
    return bench_cell(request, Surroundings(StreamOutput()))


def _swept(sweep: str | Mapping[str, Sequence[object]] | None) -> SweepValues | None:
    if sweep is None:
        return None
    return read_sweep(sweep) if isinstance(sweep, str) else sweep_of(sweep)


def _names_of_caller() -> dict[str, object]:
    """The globals and locals of whoever called :func:`bench`."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    if caller is None:
        return {}
    if caller.f_globals is caller.f_locals:
        return caller.f_globals
    return {**caller.f_globals, **caller.f_locals}


def _modes(modes: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(modes, str):
        modes = [name.strip() for name in modes.split(",")]
    return None if modes is None else tuple(modes)


def _calls(functions: Sequence[Any], args: Sequence[object]) -> tuple[str, dict[str, object]]:
    """A cell that calls each function, as alternatives if there are several."""
    names = [_name(function, number) for number, function in enumerate(functions, 1)]
    if len(set(names)) < len(names):
        names = [f"{name}_{number}" for number, name in enumerate(names, 1)]
    inputs = {f"argument_{number}": value for number, value in enumerate(args, 1)}
    namespace = {"__name__": "__main__", **dict(zip(names, functions, strict=True)), **inputs}
    calls = [f"{name}({', '.join(inputs)})" for name in names]
    if len(calls) == 1:
        return calls[0], namespace
    parts = [f"# --- {name}\n{call}" for name, call in zip(names, calls, strict=True)]
    return "\n".join(parts), namespace


def _name(function: object, number: int) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else f"function_{number}"
