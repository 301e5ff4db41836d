"""A value as nested tuples without addresses, so that two separate worlds can be compared.

Who is the same object as whom is part of the description: an object that was met before
is told by the number of its first appearance.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from types import (
    CodeType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

ATOMS = (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis))
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_LINE = re.compile(r"line (\d+)")
_TIMING = re.compile(r"^(CPU times|Wall time).*$", re.MULTILINE)
# What Python keeps in every class, and what depends on where in memory something lies.
_HIDDEN_IN_CLASSES = frozenset({"__dict__", "__weakref__", "_abc_impl", "__static_attributes__"})


def scrub(text: str) -> str:
    """A text without addresses and clock readings."""
    return _TIMING.sub(r"\1", _ADDRESS.sub("0x", text))


@dataclass
class Describer:
    """Describes the values of one world.

    Attributes:
        namespace: The notebook's namespace in this world.
        shifts: By file name, by how many lines a cell stands lower than it does without a
            magic line; file names of other cells of the notebook are there with 0.
    """

    namespace: Mapping[str, object]
    shifts: Mapping[str, int]
    seen: dict[int, int] = field(default_factory=dict)
    keep: list[object] = field(default_factory=list)

    def __call__(self, value: object) -> object:
        if type(value) in weakref.ProxyTypes:
            return "a weak reference"  # what it stands for may be gone
        if isinstance(value, ATOMS) and type(value) in ATOMS:
            return (type(value).__name__, scrub(repr(value)))
        if isinstance(value, ModuleType):
            return self.module(value)
        if value is self.namespace:
            return "the notebook's namespace"
        if id(value) in self.seen:
            return f"object {self.seen[id(value)]}"
        self.seen[id(value)] = len(self.seen)
        self.keep.append(value)
        return self.describe(value)

    def module(self, value: ModuleType) -> object:
        if vars(value) is self.namespace:
            return "the notebook's module"
        loaded = sys.modules.get(value.__name__)
        return ("module", value.__name__, "the loaded one" if loaded is value else "another one")

    def describe(self, value: object) -> object:
        if isinstance(value, type):
            return self.of_class(value)
        for kind, describe in _BY_TYPE.items():
            if isinstance(value, kind):
                return describe(self, value)
        array = self.array(value)
        if array is not None:
            return array
        numba = sys.modules.get("numba.extending")
        if numba is not None and numba.is_jitted(value):
            return self.compiled_by_numba(value)
        return self.of_object(value)

    # Code

    def line(self, filename: str, line: int | None) -> int | None:
        """A line as it is counted without a magic line."""
        return line if line is None else line - self.shifts.get(filename, 0)

    def code(self, code: CodeType) -> object:
        name = code.co_filename
        positions = tuple(
            (self.line(name, line), self.line(name, end), column, end_column)
            for line, end, column, end_column in code.co_positions()
        )
        return (
            ("name", code.co_name, code.co_qualname),
            ("in a cell", name in self.shifts),
            ("first line", self.line(name, code.co_firstlineno)),
            ("instructions", code.co_code),
            ("names", code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
            # Whether a function was written inside another one shows nowhere else.
            ("flags", code.co_flags & ~inspect.CO_NESTED),
            ("constants", tuple(self.constant(constant) for constant in code.co_consts)),
            ("positions", positions),
        )

    def constant(self, constant: object) -> object:
        return self.code(constant) if isinstance(constant, CodeType) else repr(constant)

    def function(self, function: FunctionType) -> object:
        return (
            "function",
            ("name", function.__name__, function.__qualname__, function.__module__),
            ("reads the notebook's globals", function.__globals__ is self.namespace),
            ("code", self.code(function.__code__)),
            ("defaults", self(function.__defaults__), self(function.__kwdefaults__)),
            ("annotations", self(function.__annotations__)),
            ("documentation", function.__doc__),
            ("attributes", self(vars(function))),
            ("closure", tuple(self.cell(cell) for cell in function.__closure__ or ())),
        )

    def cell(self, cell: Any) -> object:
        try:
            return self(cell.cell_contents)
        except ValueError:
            return "empty"

    def compiled_by_numba(self, value: Any) -> object:
        """Not by its compiled versions, which keep the time that compiling took."""
        return ("compiled by numba", self(value.py_func), tuple(map(str, value.signatures)))

    def of_class(self, value: type) -> object:
        if value.__module__ != self.namespace.get("__name__"):
            return ("class", value.__module__, value.__qualname__)
        return (
            "class",
            ("name", value.__name__, value.__qualname__, value.__module__),
            ("bases", tuple(map(self, value.__bases__)), self(type(value))),
            ("contents", self.class_contents(value)),
        )

    def class_contents(self, value: type) -> object:
        contents = {k: v for k, v in vars(value).items() if k not in _HIDDEN_IN_CLASSES}
        if "__firstlineno__" in contents:
            filename = inspect.getsourcefile(value) or ""
            contents["__firstlineno__"] = self.line(filename, contents["__firstlineno__"])
        return tuple((name, self(contents[name])) for name in sorted(contents))

    # Values

    def array(self, value: object) -> object | None:
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if numpy is not None and isinstance(value, numpy.generic | numpy.ndarray):
            return self.numpy(value)
        if torch is not None and isinstance(value, torch.Tensor):
            return self.tensor(value)
        if torch is not None and isinstance(value, torch.Generator):
            return ("generator", bytes(value.get_state().numpy()))
        return None

    def numpy(self, value: Any) -> object:
        base = self(value.base) if value.base is not None else None
        if value.dtype.hasobject:
            return ("array of objects", value.shape, tuple(map(self, value.ravel().tolist())))
        bits = value.tobytes()
        return (type(value).__name__, str(value.dtype), value.shape, value.strides, bits, base)

    def tensor(self, value: Any) -> object:
        plain = value.detach()
        if value.layout != sys.modules["torch"].strided:
            return (str(value.layout), tuple(value.shape), self(plain.to_dense()))
        storage = ("storage", plain.untyped_storage().data_ptr())
        number = self.seen.setdefault(hash(storage), len(self.seen))
        bits = bytes(
            plain.resolve_conj().resolve_neg().contiguous().view(-1).view(_bytes_type()).numpy()
        )
        graph = type(value.grad_fn).__name__
        grad = self(value.grad) if value.is_leaf or value.retains_grad else None
        return (
            (type(value).__name__, str(value.dtype), tuple(value.shape), value.stride()),
            ("bits", bits),
            ("storage", number, value.storage_offset()),
            ("requires grad", value.requires_grad, graph, grad),
            ("attributes", self(vars(value))),
        )

    def of_object(self, value: object) -> object:
        kind = self(type(value))
        slots = tuple(
            (name, self(getattr(value, name)))
            for base in type(value).__mro__
            for name in _slots(base)
            if hasattr(value, name)
        )
        if isinstance(getattr(value, "__dict__", None), dict):
            return ("object", kind, self.mapping(vars(value)), slots, self.as_builtin(value))
        if slots:
            return ("object", kind, slots, self.as_builtin(value))
        try:
            parts = value.__reduce_ex__(4)
        except Exception:
            return ("object", kind, scrub(repr(value)))
        return ("object", kind, scrub(parts) if isinstance(parts, str) else self(parts))

    def as_builtin(self, value: object) -> object:
        """What an object of a subclass of list, dict or int holds as such."""
        if isinstance(value, dict):
            return self.mapping(value)
        if isinstance(value, list | tuple):
            return tuple(map(self, value))
        if isinstance(value, ATOMS):
            return repr(value)
        return None

    def mapping(self, value: Mapping[Any, Any]) -> object:
        own = issubclass(type(value), dict)  # else it only says that it is one
        items = dict.items(value) if own else value.items()  # type: ignore[arg-type]
        return tuple((self(key), self(item)) for key, item in items)

    def error(self, error: BaseException) -> object:
        syntax = isinstance(error, SyntaxError)
        words = () if syntax else (scrub(str(error)), tuple(map(self.argument, error.args)))
        return (
            ("error", self(type(error)), *words),
            ("line", tuple(self.lines(error))),
            ("notes", tuple(getattr(error, "__notes__", ()))),
            ("name", getattr(error, "name", None)),
            ("cause", self(error.__cause__), error.__suppress_context__),
            ("context", self(error.__context__)),
            ("attributes", self.mapping(vars(error))),
            ("syntax", self.syntax(error) if syntax else None),
        )

    def syntax(self, error: SyntaxError) -> object:
        name = error.filename or ""
        line, end = self.line(name, error.lineno), self.line(name, error.end_lineno)
        shift = self.shifts.get(name, 0)
        words = _LINE.sub(lambda found: f"line {int(found[1]) - shift}", error.msg)
        return (words, line, end, error.offset, error.end_offset, self.source_line(error))

    @staticmethod
    def source_line(error: SyntaxError) -> str:
        """The line that is shown; IPython looks it up where the compiler could not."""
        text = error.text or linecache.getline(error.filename or "", error.lineno or 0)
        return text.rstrip("\n")

    def argument(self, value: object) -> object:
        return scrub(value) if isinstance(value, str) else self(value)

    def lines(self, error: BaseException) -> Iterator[tuple[str, int | None]]:
        """The lines of the notebook's cells through which an error went."""
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if code.co_filename in self.shifts:
                top = code.co_name in {"cell", "<module>"} or code.co_name.startswith("<cell line")
                line = self.line(code.co_filename, traceback.tb_lineno)
                yield ("top level" if top else code.co_name, line)
            traceback = traceback.tb_next


def _slots(owner: type) -> tuple[str, ...]:
    slots = vars(owner).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in names if not name.startswith("__"))


def _bytes_type() -> Any:
    return sys.modules["torch"].uint8


_BY_TYPE: dict[Any, Any] = {
    FunctionType: Describer.function,
    MethodType: lambda self, value: ("method", self(value.__func__), self(value.__self__)),
    CodeType: Describer.code,
    BaseException: Describer.error,
    GeneratorType: lambda self, value: (
        ("generator", value.__name__, value.__qualname__),
        inspect.getgeneratorstate(value),
    ),
    property: lambda self, value: ("property", *map(self, (value.fget, value.fset, value.fdel))),
    staticmethod | classmethod: lambda self, value: (type(value).__name__, self(value.__func__)),
}


def _plain_container(kind: type) -> Any:
    def describe(self: Describer, value: Any) -> object:
        if type(value) is not kind:
            return self.of_object(value)
        if kind is dict:
            return ("dict", self.mapping(value))
        items = tuple(map(self, value))
        if kind in (set, frozenset):
            items = tuple(sorted(map(repr, items)))
        return (kind.__name__, items)

    return describe


for _kind in (list, tuple, dict, set, frozenset):
    _BY_TYPE[_kind] = _plain_container(_kind)


def differences(left: object, right: object, path: str = "") -> Iterator[str]:
    """Where two descriptions differ, one line each."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            inner = f"{path}.{name}" if path else str(name)
            if name not in left or name not in right:
                side = "plain run" if name in left else "cell machinery"
                yield f"{inner}: only in the {side}: {_short((left | right)[name])}"
            else:
                yield from differences(left[name], right[name], inner)
    elif isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right):
        label = left[0] if left and isinstance(left[0], str) and left[0] == right[0] else ""
        for index, (one, other) in enumerate(zip_longest(left, right)):
            yield from differences(one, other, f"{path}/{label or index}")
    elif left != right:
        yield f"{path}: plain run {_short(left)}, cell machinery {_short(right)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + " …"
