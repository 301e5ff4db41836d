"""What rules call the operations of JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlmagic.frameworks.jax.autograd_steps import called_by_user, named

_SAME = {
    "convert_element_type": "to",
    "equal": "eq",
    "integer_pow": "pow",
    "multiply": "mul",
    "not_equal": "ne",
    "power": "pow",
    "reduce_sum": "sum",
    "subtract": "sub",
    "true_divide": "div",
}
"""Those for which there is a name that says exactly the same in other frameworks."""


def name_of(primitive: Any, params: Mapping[str, Any], functions: Sequence[Any]) -> str:
    """The name of an operation; ``jit(f)`` for a function that the user has compiled."""
    name, _ = named(primitive, params, functions)
    if called_by_user(primitive, params) is not None:
        return f"jit({name})"
    plain = name.strip("_")
    return _SAME.get(plain, plain)
