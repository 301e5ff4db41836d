"""Objects of classes under ``@jitclass``: their fields are saved one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dlmagic.frameworks.numba import _compat as compat


class SavedFields:
    """The fields of an object, by reference; what they hold in turn is saved by itself.

    Args:
        value: The object.
        fields: Its fields.
    """

    def __init__(self, value: object, fields: Mapping[str, object]) -> None:
        self.value = value
        self._fields = dict(fields)

    def changed(self) -> bool:
        """Whether a field differs; yes wherever one holds more than a number or a text."""
        now = read_fields(self.value) or {}
        return any(not _same(now.get(name), kept) for name, kept in self._fields.items())

    def restore(self) -> None:
        """Bind every field to what it held."""
        for name, kept in self._fields.items():
            if not _same(getattr(self.value, name), kept):
                setattr(self.value, name, kept)

    def children(self) -> Iterable[tuple[str, object]]:
        """What the fields hold."""
        yield from ((f".{name}", kept) for name, kept in self._fields.items())


def read_fields(value: object) -> Mapping[str, object] | None:
    """The fields of an object and their values; None where they cannot be read."""
    fields = compat.fields_of(value)
    try:
        return None if fields is None else {name: getattr(value, name) for name in fields}
    except Exception:  # whatever numba cannot give to Python, such as a pointer
        return None


def _same(now: object, kept: object) -> bool:
    """Whether both are the same number or text; every look at an array gives a new object."""
    plain = isinstance(kept, int | float | complex | str | bytes | None)
    return plain and (now == kept or (now != now and kept != kept))
