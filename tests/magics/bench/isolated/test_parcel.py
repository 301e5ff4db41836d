"""What a cell reads on its way into another process; or the name of what cannot go."""

from __future__ import annotations

import builtins
import pickle
import sys
import textwrap
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import InputError, MissingPackageError
from dlmagic.frameworks.torch.ambient import save_settings
from tests.magics.bench.isolated.tasks import parcel_of

Names = dict[str, Any]


def notebook(code: str, **names: object) -> Names:
    namespace: Names = {"__name__": "__main__", "torch": torch, "nn": nn, "np": np, **names}
    exec(textwrap.dedent(code), namespace)
    return namespace


def arrived(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Names:
    """What another process finds in its namespace."""
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    vars(main).update(pickle.loads(data))
    return vars(main)


def test_helpers_and_classes_of_the_notebook_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    names = notebook(
        """
        scale = 3
        calls = []
        class Thing:
            def double(self, x): return 2 * x
        def inner(x):
            calls.append(x)
            return scale * x
        def helper(x): return inner(Thing().double(x))
        n = 5
        """
    )
    found = arrived(parcel_of("helper(n)", names).values, monkeypatch)
    assert found["helper"](5) == 30
    assert found["helper"].__globals__ is found
    assert found["calls"] == [10]  # the functions and the cell see one namespace
    assert found["Thing"].__module__ == "__main__"
    assert found["n"] == 5


def test_an_optimiser_still_has_the_parameters_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    data = parcel_of("optimizer.step()\nmodel", notebook("", model=model, optimizer=optimizer))
    found = arrived(data.values, monkeypatch)
    assert found["optimizer"].param_groups[0]["params"][0] is found["model"].weight
    assert torch.equal(found["model"].weight, model.weight)


class Holder:
    """Holds a lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("code", "cell", "words"),
    [
        ("import threading; lock = threading.Lock()", "lock.locked()", "^lock cannot be taken"),
        ("import threading; c = {'a': 1, 'l': threading.Lock()}", "len(c)", r"^c\['l'\] cannot"),
        ("file = open('/dev/null')", "file.name", "^file is an open file"),
        ("log = {'file': open('/dev/null')}", "len(log)", r"^log\['file'\] is an open file"),
        (
            "import threading\nlock = threading.Lock()\ndef helper(): return lock.locked()",
            "helper()",
            "^lock cannot be taken",
        ),
        (
            (
                "def make():\n    import threading\n    lock = threading.Lock()\n"
                "    return lambda: lock.locked()\nhelper = make()"
            ),
            "helper()",
            "^lock cannot be taken",
        ),
        (
            (
                "import threading, functools\nlock = threading.Lock()\n"
                "def made(): return functools.partial(print, lock)\nhelper = [made()]"
            ),
            "helper[0]",
            r"^helper\[0\] cannot be taken",
        ),
        ("y = nn.Linear(2, 2)(torch.ones(2))", "y * 2", "^y is a tensor with the graph"),
        ("y = [torch.ones(2, requires_grad=True) * 2]", "y[0]", r"^y\[0\] is a tensor with"),
        ("", "eval('1')", "reaches names by their text"),
        ("def helper(): return globals()['n']", "helper()", "reaches names by their text"),
    ],
)
def test_what_cannot_travel_is_named(code: str, cell: str, words: str) -> None:
    names = notebook(code)
    with pytest.raises(InputError, match=words) as caught:
        parcel_of(cell, names)
    assert "\n" not in str(caught.value)
    assert "--isolate" in str(caught.value)
    for value in names.values():
        for each in value.values() if isinstance(value, dict) else [value]:
            if hasattr(each, "close") and hasattr(each, "name"):
                each.close()


def test_an_attribute_of_an_object_is_named() -> None:
    with pytest.raises(InputError, match=r"^holder\.lock cannot be taken"):
        parcel_of("holder", notebook("", holder=Holder()))


def test_without_cloudpickle_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(MissingPackageError, match="pip install cloudpickle"):
        parcel_of("1 + 1", notebook(""))


def test_settings_travel_by_framework() -> None:
    parcel = parcel_of("torch.ones(2)", notebook(""))
    assert {"torch", "plain"} <= set(parcel.settings)
    settings = pickle.loads(parcel.settings["torch"])
    assert settings["number of threads"] == torch.get_num_threads()
    assert {item.name for item in save_settings()} - set(settings) == {
        "module hooks",
        "print options",
    }
    plain = parcel_of("1 + 1", {"__name__": "__main__", "__builtins__": builtins})
    assert set(plain.settings) == {"plain"}


def test_the_text_of_functions_that_stand_in_no_file_travels() -> None:
    import linecache

    text = "def helper(x):\n    return x + 1\n"
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    names: Names = {"__name__": "__main__"}
    exec(compile(text, "<cell 1>", "exec"), names)
    assert parcel_of("helper(1)", names).sources == {"<cell 1>": text}
