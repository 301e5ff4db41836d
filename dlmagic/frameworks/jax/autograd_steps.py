"""The operations that ran as steps of a graph: a function of the user's is taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax

from dlmagic.cell.source import is_of_others
from dlmagic.frameworks.captured import Call, Frame
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.autograd_recorder import Operation

_CALLS = ("pjit", "jit", "closed_call", "core_call")
"""Primitives that only call a jaxpr."""


@dataclass(frozen=True)
class Step:
    """One step of the forward pass, which can be run and differentiated alone.

    Attributes:
        operation: What it does, such as ``"multiply"``.
        run: Takes the inputs, returns a list of outputs.
        inputs: Arrays and numbers.
        outputs: Arrays.
        call: The user's code that led to it.
        is_custom: Whether it is a function of the user's with a gradient of its own.
        is_differentiated: Whether a compiled function made it on the way to a gradient; what has
            a gradient of its own is taken apart there.
    """

    operation: str
    run: Callable[..., list[Any]]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    call: Call
    is_custom: bool = False
    is_differentiated: bool = False


def steps_of(operations: Iterable[Operation]) -> Iterator[Step]:
    """All steps in order.

    Functions that JAX compiles are one step if they are its own, such as ``jnp.mean``; those of
    the user's are taken apart.
    """
    for each in operations:
        inner = called_by_user(each.primitive, each.params)
        if inner is not None and all(map(_is_there, each.inputs)):
            yield from _inside(inner, each.inputs, each.outputs, each.call)
            continue
        name, is_custom = named(each.primitive, each.params, each.functions)
        run = partial(_run, each.primitive, each.functions, each.params)
        yield Step(name, run, each.inputs, each.outputs, each.call, is_custom)


def _is_there(value: Any) -> bool:
    """Whether a value can still be computed with: its memory was not handed over."""
    return not isinstance(value, jax.Array) or not value.is_deleted()


def called_by_user(primitive: Any, params: Mapping[str, Any]) -> Any:
    """The jaxpr of a compiled function of the user's; None for every other operation."""
    if primitive.name not in _CALLS or "jaxpr" not in params:
        return None
    _, file = compat.source_of(params["jaxpr"].jaxpr)
    return None if file and is_of_jax(file) else params["jaxpr"]


def is_of_jax(file: str) -> bool:
    """Whether a file of code is JAX's own."""
    return file.startswith(_HOME)


_HOME = jax.__file__.rpartition("__init__")[0]


def _inside(
    closed: Any, inputs: Sequence[Any], outputs: Sequence[Any], call: Call
) -> Iterator[Step]:
    """The steps in a jaxpr, computed once more; its results stay the arrays that there are."""
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars, inputs, strict=True))
    given = zip(jaxpr.outvars, outputs, strict=True)
    made = {v: array for v, array in given if not hasattr(v, "val") and v not in known}
    for equation in jaxpr.eqns:
        if not equation.outvars:  # jax.debug.print, and the like: it was done
            continue
        values = tuple(_value(variable, known) for variable in equation.invars)
        results = compat.bind_equation(equation, values)
        results = [
            made.get(variable, compat.apart(result, values))
            for variable, result in zip(equation.outvars, results, strict=True)
        ]
        known.update(zip(equation.outvars, results, strict=True))
        yield from _of_equation(equation, values, results, call)
    for variable, array in zip(jaxpr.outvars, outputs, strict=True):
        value = _value(variable, known)
        if value is not array:  # a result that is an input, or another result
            yield Step("copy", lambda x: [x], (value,), (array,), call)


def _of_equation(
    equation: Any, values: tuple[Any, ...], results: Sequence[Any], call: Call
) -> Iterator[Step]:
    here = _call_of(equation, call)
    inner = called_by_user(equation.primitive, equation.params)
    if inner is not None:
        yield from _inside(inner, values, results, here)
        return
    name, is_custom = named(equation.primitive, equation.params, ())
    run = partial(_run_equation, equation)
    within = compat.is_differentiated(equation)
    yield Step(name, run, values, tuple(results), here, is_custom, within)


def _run(
    primitive: Any, functions: tuple[Any, ...], params: Mapping[str, Any], *inputs: Any
) -> list[Any]:
    return compat.bind(primitive, functions, inputs, params)


def _run_equation(equation: Any, *inputs: Any) -> list[Any]:
    return compat.bind_equation(equation, inputs)


def _value(variable: Any, known: Mapping[Any, Any]) -> Any:
    """A number that stands in the equation, or what a variable was bound to."""
    return variable.val if hasattr(variable, "val") else known[variable]


def _call_of(equation: Any, around: Call) -> Call:
    """The code that led to an equation; that of the whole call where JAX does not tell."""
    frames = [Frame(*step) for step in compat.users_frames(equation)]
    own = tuple(frame for frame in frames if not is_of_others(frame.file))
    return Call(own) if own else around


def named(primitive: Any, params: Mapping[str, Any], functions: Sequence[Any]) -> tuple[str, bool]:
    """What to call an operation, and whether it is a function with the user's own gradient."""
    custom = functions[0] if functions else getattr(params.get("call_jaxpr"), "jaxpr", None)
    if custom is not None:
        name, file = compat.source_of(custom)
        return name or primitive.name, bool(file) and not is_of_others(file)
    if primitive.name in _CALLS:
        return str(params.get("name") or primitive.name).lstrip("_"), False
    return primitive.name, False
