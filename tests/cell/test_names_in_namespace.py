"""The bindings of a namespace, put back."""

from __future__ import annotations

import pytest

from dlmagic.cell.names_in_namespace import SavedNamespace


@pytest.mark.parametrize(
    "change",
    [
        "x = 2",
        "y = 1",
        "del x",
        "x = [1, 2]",  # equal is not the same
        "x, y = y_ = 3, 4",
    ],
)
def test_names_come_back_to_the_same_objects(change: str) -> None:
    value = [1, 2]
    namespace: dict[str, object] = {"x": value, "__builtins__": {}}
    saved = SavedNamespace(namespace)
    assert not saved.changed()
    exec(change, namespace)
    assert saved.changed()
    saved.restore()
    assert not saved.changed()
    assert namespace == {"x": value, "__builtins__": {}}
    assert namespace["x"] is value


def test_what_a_compiler_keeps_in_globals_stays() -> None:
    namespace: dict[str, object] = {"__old": 1}
    saved = SavedNamespace(namespace)
    kept: dict[str, object] = {"__compiled_fn_1": print, "_139881936102528_c0": len}
    namespace.update({**kept, "__old": 2, "__name__": "m", "model_2_c1": 3})
    saved.restore()
    assert namespace == {"__old": 1, **kept}
