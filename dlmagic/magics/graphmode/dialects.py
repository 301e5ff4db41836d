"""How each framework says what the catalogue of fixes writes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How one framework says things.

    Attributes:
        module: The module that holds its operations, such as ``"jax.numpy"``.
        root: The framework's own module.
        array: What it calls its values.
        printing: What prints from within a graph, as an attribute of the framework; empty where
            nothing does.
        template: Whether that takes a text with places for the values first.
        formatting: What puts values into a text where the print does not, as an attribute.
        cut: What a value ``{0}`` is without its gradient; ``{1}`` is the root's name.
        scalars: What makes an array of the number ``{0}``; ``{1}`` is the module's name.
    """

    module: str
    root: str
    array: str = "a tensor"
    printing: str = ""
    template: bool = False
    formatting: str = ""
    cut: str = ""
    scalars: tuple[str, ...] = ()


DIALECTS: Mapping[str, Dialect] = {
    "torch": Dialect("torch", "torch", cut="({0}).detach()", scalars=("{1}.tensor({0})",)),
    "tensorflow": Dialect(
        "tensorflow",
        "tensorflow",
        printing="print",
        formatting="strings.format",
        cut="{1}.stop_gradient({0})",
        scalars=("{1}.constant({0})", "{1}.constant({0}, {1}.float32)"),
    ),
    "jax": Dialect(
        "jax.numpy",
        "jax",
        "an array",
        printing="debug.print",
        template=True,
        cut="{1}.lax.stop_gradient({0})",
        scalars=("{1}.asarray({0})",),
    ),
}


def name_of_module(module: str, namespace: Mapping[str, object]) -> str:
    """What the notebook calls a module: ``"tf"``; its own name where it has no other."""
    loaded = sys.modules.get(module)
    names = [name for name, value in namespace.items() if value is loaded and loaded is not None]
    return min(names, key=len, default=module)
