"""What the user calls a layer that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.sites import Site


def named_module(layer: Any, sites: Sequence[Site]) -> str:
    """The way to a layer from a name of the user's, such as ``"model.head.1"``.

    Args:
        layer: A module of PyTorch.
        sites: Places of the user's code, whose variables are searched from the innermost out.
    """
    for site in reversed(sites):
        names = {**site.frame.f_globals, **site.frame.f_locals}
        for name, value in names.items():
            if value is layer:
                return name
        for name, value in names.items():
            for path, module in told(lambda: list(value.named_modules())) or ():  # noqa: B023
                if module is layer and not isinstance(value, type):
                    return f"{name}.{path}"
    return f"a {type(layer).__name__} layer"
