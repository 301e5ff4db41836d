"""What a value is and what it holds, as two digests that another process computes alike.

The form is what it is: types, shapes, the code of the notebook's functions and classes. The
content is the numbers in it. Nothing depends on addresses, on the order of a set or on where in
a cell a function stands, and nothing is changed by looking.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from dlmagic.cell import global_names
from dlmagic.cell.reach import Reached, attributes_of, walk
from dlmagic.cell.saved_names import slots_of
from dlmagic.frameworks.protocol import ArrayView, Framework

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_LARGEST = 64_000_000
"""Bytes of an array whose numbers are read; of a larger one only shape and type count."""
_ALL_TOGETHER = 1_000_000_000
_INSTALLED = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


@dataclass
class Reading:
    """How many bytes of numbers may still be read."""

    left: int = _ALL_TOGETHER


@dataclass
class Fingerprint:
    """The two digests of one name.

    Attributes:
        namespace: The notebook's namespace.
        frameworks: Who can read arrays.
        reading: Shared by all names of a cell.
    """

    namespace: dict[str, object]
    frameworks: Sequence[Framework]
    reading: Reading
    _form: Any = field(default_factory=hashlib.sha256)
    _content: Any = field(default_factory=hashlib.sha256)

    def take(self, name: str) -> tuple[str, str]:
        """Digest what the name stands for and everything that belongs to it."""
        value = self.namespace[name]
        self._add_atom("", value)
        self._add_module(value)
        for reached in walk([name], self.namespace, self.frameworks):
            self._add(reached)
        return self._form.hexdigest()[:16], self._content.hexdigest()[:16]

    def _add(self, reached: Reached) -> None:
        value = reached.value
        self._note(self._form, reached.path, kind_of(value))
        if isinstance(value, FunctionType):
            self._add_function(value)
        elif isinstance(value, type):
            self._add_atoms(_public(vars(value)))
        elif not self._add_array(value):
            self._add_contents(value)

    def _add_function(self, function: FunctionType) -> None:
        self._note(self._form, *code_words(function.__code__))
        used = global_names.of_code(function.__code__)
        if function.__globals__ is not self.namespace:
            self._note_module(sys.modules.get(function.__module__ or ""))
            return
        # The walk leaves numbers and texts out, since nothing can change them.
        names = sorted(used.loads | used.stores)
        self._add_atoms({n: self.namespace[n] for n in names if n in self.namespace})
        for each in names:
            self._add_module(self.namespace.get(each))

    def _add_array(self, value: object) -> bool:
        if _size(value) > min(_LARGEST, self.reading.left):
            known = (getattr(value, "shape", None), getattr(value, "dtype", None))
            self._note(self._form, *known, _layout(value))
            return True
        view = view_of(value, self.frameworks)
        if view is None:
            return False
        self._note(self._form, view.dtype, view.shape, view.device, _layout(value))
        self.reading.left -= view.values.nbytes
        self._content.update(np.ascontiguousarray(view.values).tobytes())
        return True

    def _add_contents(self, value: object) -> None:
        if isinstance(value, dict):
            self._note(self._form, *(key for key in value if isinstance(key, _ATOMS)))
            self._add_atoms(value)
        elif isinstance(value, list | tuple):
            self._note(self._form, len(value))
            self._add_atoms(dict(enumerate(value)))
        elif isinstance(value, set | frozenset):
            self._note(self._form, len(value))
            self._note(self._content, *sorted(map(repr, filter(_is_atom, value))))
        else:
            self._add_attributes(value)

    def _add_attributes(self, value: object) -> None:
        self._add_module(sys.modules.get(type(value).__module__))
        attributes = dict(attributes_of(value) or {})
        names = slots_of(value)
        attributes |= {name: getattr(value, name, None) for name in names()} if names else {}
        own = global_names.is_of_notebook(value, self.namespace)
        self._add_atoms(attributes if own else _public(attributes))

    def _add_atoms(self, values: Mapping[Any, object]) -> None:
        for key, value in values.items():
            self._add_atom(key, value)

    def _add_atom(self, key: object, value: object) -> None:
        if _is_atom(value):
            self._note(self._content, key if _is_atom(key) else "", type(value).__name__, value)

    def _add_module(self, value: object) -> None:
        """The text of the user's own modules, which they edit as they do cells."""
        if isinstance(value, ModuleType) and value.__name__ != self.namespace.get("__name__"):
            self._note_module(value)

    def _note_module(self, module: ModuleType | None) -> None:
        if module is not None:
            self._note(self._form, module.__name__, _text_of(module))

    def _note(self, digest: Any, *words: object) -> None:
        for word in words:
            digest.update(repr(word).encode("utf-8", "surrogatepass") + b"\0")


def view_of(value: object, frameworks: Iterable[Framework]) -> ArrayView | None:
    """The value as an array; None where it is none, or cannot be read."""
    for framework in frameworks:
        try:
            view = framework.as_array(value)
        except Exception:  # a tensor without data, a deleted buffer
            continue
        if view is not None:
            return view
    return None


def kind_of(value: object) -> str:
    """The type in one word; a class and a function are called so."""
    if isinstance(value, type):
        return "class"
    return "module" if isinstance(value, ModuleType) else type(value).__name__


def code_words(code: CodeType) -> list[object]:
    """What some code does, without the place where it stands."""
    constants = [part for part in code.co_consts if not isinstance(part, CodeType)]
    words: list[object] = [code.co_code, code.co_names, code.co_varnames, code.co_freevars]
    words += [_ordered(constant) for constant in constants]
    for part in code.co_consts:
        if isinstance(part, CodeType):
            words += code_words(part)
    return words


def _ordered(constant: object) -> object:
    return sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant


def _is_atom(value: object) -> bool:
    return isinstance(value, _ATOMS)


def _public(attributes: Mapping[str, object]) -> dict[str, object]:
    """A library keeps what it likes behind an underscore: caches, counters, addresses."""
    return {name: value for name, value in attributes.items() if not name.startswith("_")}


def _size(value: object) -> int:
    try:
        size = getattr(value, "nbytes", 0)
    except Exception:  # a sparse tensor does not tell
        return 0
    return size if isinstance(size, int) else 0


def _layout(value: object) -> object:
    """The steps between elements, on which speed depends; None where they are not told."""
    try:
        strides = getattr(value, "strides", None) or getattr(value, "stride", None)
        return strides() if callable(strides) else strides
    except Exception:  # a sparse tensor has none
        return None


def _text_of(module: ModuleType) -> str:
    """A digest of a module's file; empty for what is installed and not edited."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or file.startswith(_INSTALLED) or "-packages" in file:
        return ""
    if module.__name__.partition(".")[0] == "dlmagic":
        return ""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
    except OSError:
        return ""
