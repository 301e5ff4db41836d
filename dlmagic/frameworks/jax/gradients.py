"""Gradients of a cell by ``jax.vjp``: of its function as it is, and of its compiled program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.gradients import NOTHING, Differentiated, Gradients, directions
from dlmagic.frameworks.jax.leaves import Tracer
from dlmagic.frameworks.jax.outputs import Returned, take_out
from dlmagic.frameworks.jax.program import Program


def differentiated(program: Program, arguments: tuple[object, ...]) -> Differentiated | Reason:
    """How the gradients with respect to all floating-point arrays that a cell reads are found.

    Args:
        program: The cell as a program.
        arguments: The values of its parameters.
    """
    inputs = _inputs_of(program, arguments)
    if not inputs.floats:
        return Reason(NOTHING)
    return Differentiated(
        plain=lambda: inputs.pulled_back(program.plainly, unless_independent=True),
        graph=lambda: inputs.pulled_back(program.jitted),
    )


def of_plain_run(
    program: Program,
    arguments: tuple[object, ...],
    choose: Callable[[tuple[object, ...]], tuple[object, ...]],
) -> Gradients | None:
    """Those of some of the values that a cell returns, run operation by operation.

    Args:
        program: The cell as a program.
        arguments: The values of its parameters.
        choose: Takes the values, and gives those that are wanted.

    Returns:
        None where there is nothing that could have one, or nothing depends on it.
    """
    inputs = _inputs_of(program, arguments)

    def chosen(*arrays: Any) -> Returned:
        returned, written = program.plainly(*arrays).build()
        return take_out((choose(returned), written))

    return inputs.pulled_back(chosen, unless_independent=True) if inputs.floats else None


def _inputs_of(program: Program, arguments: tuple[object, ...]) -> _Inputs:
    leaves, structure = jax.tree_util.tree_flatten(program.inputs(arguments))
    names, arrays = program.input_names(arguments), [jnp.asarray(leaf) for leaf in leaves]
    return _Inputs(names, arrays, structure)


@dataclass(frozen=True)
class _Inputs:
    """What goes into a program.

    Attributes:
        names: What the user calls each array.
        arrays: The arrays.
        structure: The containers around them.
    """

    names: list[str]
    arrays: list[Any]
    structure: Any

    @property
    def floats(self) -> list[int]:
        """Which of the arrays can have a gradient."""
        return [place for place, array in enumerate(self.arrays) if _is_float(array)]

    def pulled_back(
        self, function: Callable[..., Returned], *, unless_independent: bool = False
    ) -> Gradients | None:
        """The random directions of the outputs, pulled back to the inputs."""
        depends = False

        def outputs(floats: list[Any]) -> list[Any]:
            nonlocal depends
            returned = function(*self._with(floats))
            # An array that is the same in every call is an output, too.
            found = [a for a in take_out(returned.build(), jax.Array).arrays if _is_float(a)]
            depends = any(isinstance(each, Tracer) for each in found)
            return found

        values, pull_back = jax.vjp(outputs, [self.arrays[place] for place in self.floats])
        if unless_independent and not depends:
            return None
        given = directions([each.shape for each in values])
        pairs = zip(given, values, strict=True)
        (found,) = pull_back([jnp.asarray(each, value.dtype) for each, value in pairs])
        return dict(zip((self.names[place] for place in self.floats), found, strict=True))

    def _with(self, floats: list[Any]) -> Any:
        arrays = list(self.arrays)
        for place, array in zip(self.floats, floats, strict=True):
            arrays[place] = array
        return self.structure.unflatten(arrays)


def _is_float(array: Any) -> bool:
    return bool(jnp.issubdtype(array.dtype, np.floating))
