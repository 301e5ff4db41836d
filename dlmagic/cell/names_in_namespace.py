"""The bindings of a notebook's namespace, saved and put back."""

from __future__ import annotations

from collections.abc import Iterable


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
            if self.namespace.get(name, missing) is not self.bindings.get(name, missing):
                yield name
