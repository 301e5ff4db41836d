"""The models that a cell trains, asks or makes."""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType
from typing import Any

import keras

from dlmagic.cell.reach import walk
from dlmagic.errors import ModeUnavailable
from dlmagic.finding import Finding
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.registry import loaded_frameworks

_OTHERS_THAT_COMPILE = frozenset({"re", "torch", "jax", "builtins"})


def reached_by(cell: CellLike) -> dict[str, Any]:
    """Every model that a cell can reach, by the way that the user would write."""
    found = walk(cell.reads, cell.namespace, loaded_frameworks())
    return {item.path: item.value for item in found if isinstance(item.value, keras.Model)}


def require_jit(models: Mapping[str, Any]) -> None:
    """Make sure that a compiler can take the models.

    Raises:
        ModeUnavailable: One has a layer that says it cannot be compiled.
    """
    for path, model in models.items():
        if not compat.supports_jit(model):
            raise ModeUnavailable(f"{path} has a layer that does not support jit_compile=True.")


def findings_about(cell: CellLike) -> tuple[Finding, ...]:
    """What to say of a cell that compiles its model in every call."""
    names = _names_in(getattr(cell.function, "__code__", None))
    if "compile" not in names or names & _OTHERS_THAT_COMPILE:
        return ()
    message = (
        "The cell calls compile(), so every call builds the model's functions anew: "
        "make and compile the model in an earlier cell."
    )
    return (Finding("compiled-in-cell", "hint", message),)


def _names_in(code: CodeType | None) -> set[str]:
    """The names of globals and attributes in some code and the functions in it."""
    if code is None:
        return set()
    inner = [_names_in(part) for part in code.co_consts if isinstance(part, CodeType)]
    return {*code.co_names, *code.co_freevars, *code.co_varnames}.union(*inner)
