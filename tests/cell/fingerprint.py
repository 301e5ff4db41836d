"""All state that can be reached from a namespace, told independently of dlmagic.

Two fingerprints are equal only if the same objects lie at the same addresses with the
same contents, at every place, and the global settings are the same. Nothing is taken
from dlmagic: what it overlooks must not be overlooked here too.
"""

from __future__ import annotations

import array
import ctypes
import gc
import hashlib
import io
import random
import sys
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tests.cell import fingerprint_frameworks as frameworks

ATOMS = (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), CodeType)
# Bookkeeping of interpreter and libraries that computing changes, and that decides nothing.
_UNTOLD = frozenset(
    {"__weakref__", "__builtins__", "__warningregistry__", "__dict__", "__slotnames__"}
    | {"error_on_graph_break"}  # Dynamo's, of a compiled function
)


@dataclass
class Fingerprint:
    """State by path.

    Attributes:
        facts: What is at each path: identity, type and contents.
        ambient: Global state by name.
        keep: The objects themselves, so that no address is used twice.
    """

    facts: dict[str, object]
    ambient: dict[str, object]
    keep: list[object] = field(repr=False)

    @classmethod
    def of(
        cls, namespace: Mapping[str, object], besides: frozenset[str] = frozenset()
    ) -> Fingerprint:
        """Take the fingerprint of all that a namespace reaches, and of the ambient state.

        Args:
            namespace: The notebook's names.
            besides: Names that belong to the shell and not to the user.
        """
        walk = _Walk(namespace)
        walk.take("", {name: item for name, item in namespace.items() if name not in besides})
        return cls(walk.facts, ambient(), walk.keep)

    def differences(self, later: Fingerprint) -> list[str]:
        """What is not as it was, one readable line each."""
        return [
            *_differences(self.ambient, later.ambient),
            *_differences(self.facts, later.facts),
        ]


def _differences(before: dict[str, object], after: dict[str, object]) -> Iterator[str]:
    for path in [*before, *(path for path in after if path not in before)]:
        if path not in after:
            yield f"{path} is gone; it was {before[path]!r:.200}"
        elif path not in before:
            yield f"{path} is new: {after[path]!r:.200}"
        elif before[path] != after[path]:
            yield f"{path} was {before[path]!r:.200} and is {after[path]!r:.200}"


def _position(file: Any) -> object:
    return "closed" if file.closed else file.seekable() and file.tell()


def _plain(part: Any) -> object:
    return part.tobytes() if isinstance(part, np.ndarray) else part


def _text(buffer: Any) -> object:
    return "closed" if buffer.closed else (buffer.getvalue(), buffer.tell())


# The state of objects that show it neither as attributes nor as items: kind, words, how to read.
_STATES: tuple[tuple[Any, str, Callable[[Any], object]], ...] = (
    (random.Random, "state", lambda value: hash(value.getstate())),
    (np.random.Generator, "state", lambda value: repr(value.bit_generator.state)),
    (np.random.RandomState, "state", lambda value: tuple(map(_plain, value.get_state()))),
    (io.StringIO | io.BytesIO, "text", _text),
    (io.IOBase, "position", _position),
    (bytearray | array.array | memoryview, "bytes", bytes),
)


class _Walk:
    """Notes a fact for every object, in the order in which it is reached."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.facts: dict[str, object] = {}
        self.keep: list[object] = []
        self.seen: set[int] = {id(namespace)}
        self.waiting: deque[tuple[str, object]] = deque()

    def take(self, path: str, names: dict[Any, object]) -> None:
        """Walk over everything, breadth first: deep structures take no stack."""
        for name in sorted(names, key=str):
            if name not in _UNTOLD:
                self.waiting.append((f"{path}{name}", names[name]))
        while self.waiting:
            where, value = self.waiting.popleft()
            if isinstance(value, ATOMS):
                self.facts[where] = (type(value).__name__, repr(value))
                continue
            self.facts[where] = ("object", id(value), type(value).__qualname__)
            if id(value) not in self.seen and not isinstance(value, ModuleType):
                self.seen.add(id(value))
                self.keep.append(value)
                self.describe(where, value)

    def note(self, path: str, what: str, fact: object) -> None:
        self.facts[f"{path} {what}"] = fact

    def more(self, path: str, value: object) -> None:
        self.waiting.append((path, value))

    def describe(self, path: str, value: Any) -> None:
        torch = sys.modules.get("torch")
        if isinstance(value, np.ndarray):
            return self.array(path, value)
        if torch is not None and isinstance(value, torch.Tensor):
            return self.tensor(path, value)
        if torch is not None and isinstance(value, torch.UntypedStorage):
            return self.note(path, "bytes", (value.data_ptr(), _bytes_of(value)))
        known = frameworks.facts_of(value)
        for what, fact in (known or {}).items():
            self.note(path, what, fact)
        if known is None:
            self.state(path, value)
            self.contents(path, value)
            self.attributes(path, value)
        return None

    # Arrays

    def array(self, path: str, value: Any) -> None:
        place = (value.__array_interface__["data"], value.shape, value.strides)
        self.note(path, "layout", (*place, str(value.dtype), value.flags.writeable))
        if value.dtype.hasobject:
            for index, item in enumerate(_objects_in(value)):
                self.more(f"{path}[{index}]", item)
        else:
            self.note(path, "bytes", _digest(value.tobytes()))
        if value.base is not None:
            self.more(f"{path}.base", value.base)

    def tensor(self, path: str, value: Any) -> None:
        torch = sys.modules["torch"]
        if isinstance(value, torch.nn.parameter.UninitializedTensorMixin):
            return self.attributes(path, value)
        kind = (str(value.dtype), str(value.layout), tuple(value.shape), value.requires_grad)
        version = None if value.is_inference() else value._version
        self.note(path, "kind", (*kind, type(value).__name__, value.is_leaf, version))
        self.more(f"{path}.grad_fn", value.grad_fn)
        if value.layout == torch.strided:
            storage = value.untyped_storage()
            place = (storage.data_ptr(), storage.nbytes(), storage._cdata, storage.resizable())
            self.note(path, "layout", (*place, value.stride(), value.storage_offset()))
            self.note(path, "bytes", _bytes_of(storage))
        else:
            self.note(path, "values", _digest(value.detach().to_dense().numpy().tobytes()))
        if value.is_leaf or value.retains_grad:
            self.more(f"{path}.grad", value.grad)
        self.note(path, "hooks", _names(value._backward_hooks))
        return self.attributes(path, value)

    # Python's own

    def state(self, path: str, value: Any) -> None:
        """State that is no attribute and no item."""
        for kinds, what, read in _STATES:
            if isinstance(value, kinds):
                return self.note(path, what, read(value))
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Generator):
            return self.note(path, "state", _digest(bytes(value.get_state().numpy())))
        if torch is not None and isinstance(value, torch.jit.ScriptModule):
            return self.script(path, value)
        if hasattr(value, "__next__") and hasattr(value, "__reduce__"):
            return self.iterator(path, value)
        if hasattr(value, "cache_info"):
            return self.note(path, "cache", tuple(value.cache_info()))
        return None

    def script(self, path: str, value: Any) -> None:
        """A module whose attributes live in C++."""
        self.note(path, "training", [part.training for part in value.modules()])
        for name, tensor in [*value.named_parameters(), *value.named_buffers()]:
            self.note(f"{path}.{name}", "bytes", _bytes_of(tensor.untyped_storage()))
            self.more(f"{path}.{name}.grad", tensor.grad)

    def iterator(self, path: str, value: Any) -> None:
        try:
            _, arguments, *position = _reduced(value)
        except (TypeError, NotImplementedError):  # a generator is only what it is
            return
        self.note(path, "position", repr(position))
        for index, (part, again) in enumerate(zip(arguments, _reduced(value)[1], strict=True)):
            if part is again:
                self.more(f"{path} part {index}", part)
            else:  # a list made for the occasion, of what is left in a dict or a set
                self.note(path, f"part {index}", tuple(map(id, part)))

    def contents(self, path: str, value: Any) -> None:
        if isinstance(value, dict) and not issubclass(type(value), dict):  # a proxy of TensorFlow's
            self.more(f"{path}'s own", value.__wrapped__)
        elif isinstance(value, dict):
            self.note(path, "keys", tuple(_key(key) for key in dict.keys(value)))
            for key, item in dict.items(value):
                self.more(f"{path}[{_key(key)}]", item)
        elif isinstance(value, list | tuple | deque):
            self.note(path, "length", len(value))
            for index, item in enumerate(list(value)):
                self.more(f"{path}[{index}]", item)
        elif isinstance(value, set | frozenset):
            self.note(path, "members", tuple(sorted(map(_key, value))))
            for item in sorted(value, key=_key):
                self.more(f"{path}{{{_key(item)}}}", item)
        if isinstance(value, deque):
            self.note(path, "maximum", value.maxlen)
        if isinstance(value, defaultdict):
            self.note(path, "factory", id(value.default_factory))

    def attributes(self, path: str, value: Any) -> None:
        if isinstance(value, FunctionType):
            self.function(path, value)
        elif isinstance(value, type):
            self.of_class(path, value)
        elif isinstance(value, CellType | MethodType | property | staticmethod | classmethod):
            for index, part in enumerate(_held_by(value)):
                self.more(f"{path} part {index}", part)
        elif not isinstance(value, BuiltinFunctionType):
            self.of_object(path, value)

    def of_object(self, path: str, value: Any) -> None:
        if self.is_users(type(value)):
            self.more(f"{path}.__class__", type(value))
        self.names(path, getattr(value, "__dict__", None))
        for base in type(value).__mro__:
            slots = vars(base).get("__slots__", ())
            for written in (slots,) if isinstance(slots, str) else slots:
                private = written.startswith("__") and not written.endswith("__")
                name = f"_{base.__name__.lstrip('_')}{written}" if private else written
                if name not in _UNTOLD and hasattr(value, name):
                    self.more(f"{path}.{name}", getattr(value, name))

    def names(self, path: str, names: Any) -> None:
        if isinstance(names, dict):
            self.note(path, "attributes", (id(names), tuple(names)))
            for name in [name for name in names if name not in _UNTOLD]:
                self.more(f"{path}.{name}", names[name])

    def function(self, path: str, value: FunctionType) -> None:
        self.note(path, "code", id(value.__code__))
        for name in ("__defaults__", "__kwdefaults__", "__closure__"):
            self.more(f"{path}.{name}", getattr(value, name))
        self.names(path, value.__dict__)

    def of_class(self, path: str, value: type) -> None:
        if self.is_users(value):
            # In the order of the alphabet: a class is no container, nobody counts on the other one.
            names = sorted(name for name in vars(value) if name not in _UNTOLD)
            self.note(path, "attributes", tuple(names))
            for name in names:
                self.more(f"{path}.{name}", vars(value)[name])

    def is_users(self, value: type) -> bool:
        return value.__module__ == self.namespace.get("__name__")


def _reduced(value: Any) -> Any:
    """What an iterator would be made anew from; those of itertools warn that it will end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return value.__reduce__()


def _held_by(value: Any) -> tuple[object, ...]:
    """What a closure's cell or a descriptor holds; not the dict that some make when asked."""
    return tuple(part for part in gc.get_referents(value) if part is not _dict_of(value))


def _dict_of(value: object) -> object:
    return None if isinstance(value, CellType) else getattr(value, "__dict__", None)


def _objects_in(value: Any) -> list[object]:
    """All elements of an array of objects; of a structured one, those of its fields in turn."""
    if value.dtype.names is None:
        return list(value.ravel().tolist())
    return [item for name in value.dtype.names for item in _objects_in(value[name])]


def _key(key: object) -> str:
    return repr(key) if isinstance(key, ATOMS) else f"{type(key).__name__} at {id(key)}"


def _names(hooks: Any) -> object:
    return None if hooks is None else tuple((key, id(hook)) for key, hook in hooks.items())


def _bytes_of(storage: Any) -> str:
    """Read without PyTorch's help: a NumPy array over it would forbid to resize the storage."""
    if storage.device.type == "meta":
        return "nothing is stored"
    return _digest(ctypes.string_at(storage.data_ptr(), storage.nbytes()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def ambient() -> dict[str, object]:
    """Global state: random generators and settings, of the frameworks that are loaded."""
    _, key, position, *cached = np.random.get_state()
    state: dict[str, object] = {
        "state of random": hash(random.getstate()),
        "state of numpy.random": (_digest(key.tobytes()), position, *cached),
        "numpy.seterr": np.geterr(),
        "numpy.seterrcall": np.geterrcall(),
        "numpy's print options": repr(np.get_printoptions()),
        "recursion limit": sys.getrecursionlimit(),
        "garbage collector": gc.isenabled(),
        **frameworks.ambient(),
    }
    if "torch" in sys.modules:
        state.update(_ambient_of_torch(sys.modules["torch"]))
    return state


def _ambient_of_torch(torch: Any) -> dict[str, object]:
    return {
        "state of torch's generator": _digest(bytes(torch.get_rng_state().numpy())),
        "default dtype": torch.get_default_dtype(),
        "default device": str(torch.get_default_device()),
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "threads": torch.get_num_threads(),
        "deterministic algorithms": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        "anomaly mode": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        "matmul precision": torch.get_float32_matmul_precision(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "oneDNN": torch.backends.mkldnn.enabled,
        "attention": tuple(
            getattr(torch.backends.cuda, f"{kernel}_sdp_enabled")()
            for kernel in ("flash", "mem_efficient", "math", "cudnn")
        ),
        "print options": repr(vars(torch._tensor_str.PRINT_OPTS)),
        "global module hooks": (
            tuple(torch.nn.modules.module._global_forward_hooks),
            tuple(torch.nn.modules.module._global_forward_pre_hooks),
        ),
    }
