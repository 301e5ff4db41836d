"""A jaxpr read into the form of a graph that all frameworks share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.captured import CapturedGraph, CapturedNode, Frame
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.flops import flops_of_equation

_CALLS = ("pjit", "jit", "closed_call", "core_call", "remat", "checkpoint", "custom_jvp_call")
"""Primitives that only call another jaxpr, which is read in their place."""


def read_jaxpr(closed: Any, names: list[str] | None = None) -> CapturedGraph:
    """The graph of a closed jaxpr.

    Args:
        closed: What ``jax.make_jaxpr`` gives.
        names: What the user calls its inputs, in order; as many as are known.
    """
    reader = _Reader()
    nodes = tuple(reader.read(closed.jaxpr, names or []))
    return CapturedGraph(nodes, str(closed))


class _Reader:
    """Gives each variable a name, and each equation a node."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._used: dict[str, int] = {}

    def read(self, jaxpr: Any, names: list[str]) -> Iterator[CapturedNode]:
        """All nodes of the outermost jaxpr, its ends included."""
        for place, variable in enumerate(jaxpr.invars):
            name = names[place] if place < len(names) else f"input {place + 1}"
            self._names[variable] = self._unique(name)
            yield _node(self._names[variable], "input", (), variable.aval)
        for variable in jaxpr.constvars:
            self._names[variable] = self._unique("constant")
            yield _node(self._names[variable], "constant", (), variable.aval)
        yield from self._equations(jaxpr)
        results = tuple(dict.fromkeys(self._inputs(jaxpr.outvars)))
        yield CapturedNode(self._unique("output"), "output", results)

    def _equations(self, jaxpr: Any) -> Iterator[CapturedNode]:
        for equation in jaxpr.eqns:
            inner = self._called(equation)
            if inner is not None:
                yield from self._inline(equation, inner)
                continue
            name = self._unique(equation.primitive.name)
            for variable in equation.outvars:
                self._names[variable] = name
            yield _node(
                name,
                equation.primitive.name,
                tuple(dict.fromkeys(self._inputs(equation.invars))),
                equation.outvars[0].aval if equation.outvars else None,
                tuple(Frame(*step) for step in compat.users_frames(equation)),
                flops_of_equation(equation),
            )

    def _inline(self, equation: Any, inner: Any) -> Iterator[CapturedNode]:
        """The equations of a called jaxpr, as if they stood here."""
        for there, here in zip(inner.invars, equation.invars, strict=False):
            if (name := self._name(here)) is not None:
                self._names[there] = name
        yield from self._equations(inner)
        for here, there in zip(equation.outvars, inner.outvars, strict=False):
            if (name := self._name(there)) is not None:
                self._names[here] = name

    def _called(self, equation: Any) -> Any:
        if equation.primitive.name not in _CALLS:
            return None
        for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
            if key in equation.params:
                closed = equation.params[key]
                return getattr(closed, "jaxpr", closed)
        return None

    def _inputs(self, variables: Any) -> Iterator[str]:
        for variable in variables:
            if (name := self._name(variable)) is not None:
                yield name

    def _name(self, variable: Any) -> str | None:
        """The name of a variable; None for a number that stands in the equation itself."""
        return None if hasattr(variable, "val") else self._names.get(variable)

    def _unique(self, name: str) -> str:
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return f"{name}#{count + 1}" if count else name


def _node(
    name: str,
    operation: str,
    inputs: tuple[str, ...],
    aval: Any,
    frames: tuple[Frame, ...] = (),
    flops: int | None = None,
) -> CapturedNode:
    shape, dtype = getattr(aval, "shape", None), getattr(aval, "dtype", None)
    axes = None if shape is None else tuple(a if type(a) is int else str(a) for a in shape)
    kind = None if dtype is None else re.sub(r"^key<.*", "key", str(dtype))
    return CapturedNode(name, operation, inputs, axes, kind, "", frames, flops)
