"""The bindings of a notebook's namespace, saved and put back."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BY_ID = re.compile(r"_\d{6,}_c\d")
"""How Dynamo names what it finds by the object and the compilation: ``_139881936102528_c0``."""


class SavedNamespace:
    """Which names exist in a namespace, and which objects they are bound to."""

    def __init__(self, namespace: dict[str, object]) -> None:
        self.namespace = namespace
        self.bindings = dict(namespace)

    def changed(self) -> bool:
        """Whether a name was added, removed or bound to another object."""
        return any(True for _ in self._differing())

    def restore(self) -> None:
        """Bind the names again; names that did not exist go away."""
        for name in list(self._differing()):
            if name in self.bindings:
                self.namespace[name] = self.bindings[name]
            else:
                del self.namespace[name]

    def _differing(self) -> Iterable[str]:
        missing = object()
        for name in self.namespace.keys() | self.bindings.keys():
            if self.namespace.get(name, missing) is self.bindings.get(name, missing):
                continue
            if name in self.bindings or not _is_of_a_compiler(name):
                yield name


def _is_of_a_compiler(name: str) -> bool:
    """Whether a new name is one that a compiler keeps in a function's globals.

    Dynamo does so (``__resume_at_40_2``, ``__compiled_fn_3``, ``__import___main__``): compiled
    code needs them, and they go away with it.
    """
    if _BY_ID.search(name):
        return True
    return name.startswith("__import_") or (name.startswith("__") and not name.endswith("__"))
