"""Every private name of TensorFlow that dlmagic uses, each behind a plain answer of its own.

A name that a later TensorFlow moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/tensorflow/test_compat.py`` fails when that
happens, so that the loss is noticed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from inspect import unwrap
from threading import local
from typing import Any

import tensorflow as tf


def _internal(module: str, name: str) -> Any:
    """An attribute of one of TensorFlow's own modules, or None where it is gone."""
    try:
        return getattr(import_module(f"tensorflow.python.{module}"), name, None)
    except ImportError:
        return None


def context() -> Any:
    """The eager context of this process, or None where it cannot be found."""
    find = _internal("eager.context", "context")
    return find() if callable(find) else None


def is_started() -> bool:
    """Whether TensorFlow has made its devices; True where it does not tell."""
    return bool(getattr(context(), "_initialized", True))


@dataclass(frozen=True)
class Devices:
    """How far TensorFlow has got with its devices.

    Attributes:
        listed: Their kinds, such as ``("CPU",)``; empty where it has not listed them yet.
        taken: Whether it has made them, which it does once.
    """

    listed: tuple[str, ...]
    taken: bool


def devices() -> Devices | None:
    """How far it has got, without making it go on; None where it does not tell."""
    find = _internal("eager.context", "context_safe")
    if not callable(find):
        return None
    found = find()
    if found is None:
        return Devices((), taken=False)
    listed = getattr(found, "_physical_devices", None) or ()
    kinds = tuple(str(getattr(each, "device_type", "?")) for each in listed)
    return Devices(kinds, bool(getattr(found, "_initialized", True)))


def composite_kinds() -> tuple[type, ...]:
    """Values made of several tensors, which a graph can return: ragged, sparse, data sets."""
    kind = getattr(getattr(tf, "__internal__", None), "CompositeTensor", None)
    known = (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)
    return known if kind is None else (*known, kind)


def contents_of(variable: Any) -> Any:
    """What a variable holds, as a tensor that later assignments leave alone; None without."""
    if is_symbolic(variable):
        return None
    with nullcontext() if tf.executing_eagerly() else tf.init_scope():
        try:
            return variable.read_value()
        except tf.errors.FailedPreconditionError:  # it has no value yet
            return None


def random_source() -> tuple[Any, Any] | None:
    """The global seed, and where seeds of operations come from; None if it is not found.

    Without a global seed, no operation asks: each draws from a state of its own that nobody
    can read.
    """
    found = context()
    if not hasattr(found, "_seed") or not hasattr(found, "_set_global_seed"):
        return None
    numbers = getattr(found, "_rng", None)
    return found._seed, None if numbers is None else numbers.getstate()


def set_random_source(seed: Any, state: Any) -> None:
    """Put back what :func:`random_source` returned, and let operations begin anew."""
    found = context()
    found._seed = seed
    numbers = getattr(found, "_rng", None)
    if numbers is not None and state is not None:
        numbers.setstate(state)
    forget = getattr(found, "clear_kernel_cache", None)
    if callable(forget) and is_started():
        forget()


_RANDOM = ("random_ops", "stateless_random_ops", "stateless_random_ops_v2", "stateful_random_ops")
_DRAWS = re.compile(
    r"^(stateless_|stateful_)?(random_|uniform|standard_normal|truncated_normal|multinomial"
    r"|parameterized_|shuffle|non_deterministic)(?!.*(_grad|_fallback|_get_\w+)$)"
)


def random_functions() -> list[tuple[Any, str, Callable[..., Any]]]:
    """The functions that make random operations: their modules, names, and they themselves."""
    found = []
    for kind in _RANDOM:
        try:
            module = import_module(f"tensorflow.python.ops.gen_{kind}")
        except ImportError:
            continue
        names = [name for name in vars(module) if _DRAWS.match(name)]
        found += [(module, name, vars(module)[name]) for name in names]
    return [entry for entry in found if callable(entry[2])]


def global_generator() -> Any:
    """The generator of ``tf.random.get_global_generator``, None while nobody has asked for it."""
    return _internal("ops.stateful_random_ops", "global_generator")


def set_global_generator(generator: Any) -> None:
    """Put back what :func:`global_generator` returned."""
    name = "global_generator"
    module = import_module("tensorflow.python.ops.stateful_random_ops")
    if hasattr(module, name):
        setattr(module, name, generator)


def iterator_kind() -> tuple[type, ...]:
    """What ``iter`` of a data set gives, and ``as_numpy_iterator``."""
    places = (("iterator_ops", "OwnedIterator"), ("dataset_ops", "NumpyIterator"))
    kinds = [_internal(f"data.ops.{module}", name) for module, name in places]
    return tuple(kind for kind in kinds if kind is not None)


def _resource_of(iterator: Any) -> Any:
    """The handle of what an iterator stands for; None where it has none outside a graph."""
    resource = getattr(getattr(iterator, "_iterator", iterator), "_iterator_resource", None)
    return None if tf.is_symbolic_tensor(resource) else resource


def position_of(iterator: Any) -> Any:
    """How far an iterator over a data set has come; None if that cannot be told.

    An iterator over Python code, or one that draws random numbers of no seed, cannot say.
    """
    resource = _resource_of(iterator)
    if resource is None:
        return None
    try:
        return tf.raw_ops.SerializeIterator(resource_handle=resource, external_state_policy=_FAIL)
    except tf.errors.OpError:
        return None


_FAIL = 2  # rather than to leave out what is not part of the iterator


def set_position(iterator: Any, position: Any) -> None:
    """Let an iterator go on from where it was."""
    tf.raw_ops.DeserializeIterator(resource_handle=_resource_of(iterator), serialized=position)


def dictionary_in(value: object) -> dict[Any, Any] | None:
    """The dictionary inside the proxy that a tf.Module puts around one; None for others."""
    kind = _internal("trackable.data_structures", "_DictWrapper")
    if kind is None or type(value) is not kind:
        return None
    inside: dict[Any, Any] = value.__wrapped__  # type: ignore[attr-defined]
    return inside


def is_symbolic(variable: Any) -> bool:
    """Whether a variable stands for a value inside a graph, as what ``assign_add`` returns."""
    return bool(tf.is_symbolic_tensor(getattr(variable, "handle", None)))


def set_optimizer_options(options: dict[str, Any]) -> None:
    """Options of the graph optimiser as they were; those that are not named are unset."""
    known = getattr(context(), "_optimizer_experimental_options", None)
    if isinstance(known, dict):
        known.clear()
    tf.config.optimizer.set_experimental_options(options)


_LIST_OF_CALLBACKS = ("eager.polymorphic_function.transform", "CONCRETE_FUNCTION_CALLBACKS")


def callbacks() -> list[Callable[[Any], None]] | None:
    """The functions that TensorFlow calls with every new concrete function; None if unknown."""
    found = _internal(*_LIST_OF_CALLBACKS)
    return found if isinstance(found, list) else None


def tracing_seconds() -> float | None:
    """Seconds in which graphs were made of Python code so far; None where nobody counts them."""
    name = "_graph_building_time_counter"
    counter = _internal("eager.polymorphic_function.tracing_compilation", name)
    try:
        return int(counter.get_cell().value()) / 1e6
    except AttributeError:
        return None


def converted_functions() -> list[Any]:
    """The code of the functions that AutoGraph has rewritten and keeps; empty if unknown."""
    kept = getattr(_internal("autograph.impl.api", "_TRANSPILER"), "_cache", None)
    return list(getattr(kept, "_cache", ()))


def python_function_being_traced() -> object:
    """The Python function behind the concrete function that is just being made, or None.

    To be called from one of :func:`callbacks`: the concrete function does not know it.
    """
    frame: Any = sys._getframe(1)
    while frame is not None:
        options = frame.f_locals.get("tracing_options")
        if options is not None:
            function = getattr(options, "python_function", None)
            return None if function is None else unwrap(function)
        frame = frame.f_back
    return None


def is_of_data_set(function: object) -> bool:
    """Whether a traced function is a step of a ``tf.data.Dataset``, such as one of ``map``."""
    return getattr(function, "__module__", "") == "tensorflow.python.data.ops.structured_function"


@contextmanager
def operations_told(listener: Callable[..., None]) -> Iterator[bool]:
    """While active, a function is called after every operation; whether that is possible.

    Args:
        listener: Takes type, inputs, attributes, outputs, and the name and graph of one that is
            only written down.
    """
    add = _internal("framework.op_callbacks", "add_op_callback")
    remove = _internal("framework.op_callbacks", "remove_op_callback")
    if add is None or remove is None:
        yield False
        return
    add(listener)
    try:
        yield True
    finally:
        remove(listener)


def is_deterministic() -> bool | None:
    """Whether ``enable_op_determinism`` was called; None where it cannot be told."""
    ask = _internal("framework.config", "is_op_determinism_enabled")
    return bool(ask()) if callable(ask) else None


_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def graph_called_by(op: Any) -> Any:
    """The graph of the function that an operation only calls; None for any other operation."""
    find = getattr(op.graph, "_get_function", None)
    if op.type not in _CALLS or not callable(find):
        return None
    return getattr(find(op.get_attr("f").name), "graph", None)


def has_gradient(kind: str) -> bool:
    """Whether TensorFlow can differentiate an operation; True where it does not tell."""
    registry = _internal("framework.ops", "gradient_registry")
    try:
        return registry.lookup(kind) is not None
    except (AttributeError, LookupError):
        return True


Custom = Callable[[str, Any, list[Any], list[Any]], None]
"""Takes a name, the user's function or None, inputs and outputs."""


@contextmanager
def custom_gradients_told(listener: Custom) -> Iterator[bool]:
    """While active, every step with a gradient of its own is told of; whether that is possible.

    These are functions under ``tf.custom_gradient``, graphs, and copies.
    """
    module, name = import_module("tensorflow.python.eager.record"), "record_operation"
    original = getattr(module, name, None)
    if original is None:
        yield False
        return

    def record_operation(kind: str, outputs: Any, inputs: Any, *rest: Any, **more: Any) -> Any:
        result = original(kind, outputs, inputs, *rest, **more)
        listener(kind, sys._getframe(1).f_locals.get("f"), list(inputs), list(outputs))
        return result

    setattr(module, name, record_operation)
    try:
        yield True
    finally:
        setattr(module, name, original)


@contextmanager
def gradients_told(listener: Callable[[str, list[Any], list[Any]], None]) -> Iterator[bool]:
    """While active, what a tape has kept of each operation is told when its gradient is taken.

    Args:
        listener: Takes the operation's type, those of its inputs and outputs that were kept, and
            the gradients that it gives back.

    Yields:
        Whether that is possible.
    """
    original = _internal("eager.backprop", "_gradient_function")
    register = _internal("pywrap_tfe", "TFE_Py_RegisterGradientFunction")
    if original is None or register is None:
        yield False
        return

    def gradient_function(kind: str, attributes: Any, count: int, *rest: Any) -> Any:
        kept = [each for part in rest[:2] for each in part or () if each is not None]
        result = original(kind, attributes, count, *rest)
        listener(kind, kept, [each for each in tf.nest.flatten(result) if each is not None])
        return result

    register(gradient_function)
    try:
        yield True
    finally:
        register(original)


def watches_variables(tape: Any) -> bool:
    """Whether a tape watches every trainable variable that is read; True if it does not tell."""
    return bool(getattr(tape, "_watch_accessed_variables", True))


def is_recorded(tensor: Any) -> bool:
    """Whether some tape records what is computed with a tensor; True where it does not tell."""
    ask = _internal("eager.record", "should_record_backprop")
    return bool(ask([tensor])) if callable(ask) else True


def is_persistent(tape: Any) -> bool:
    """Whether a tape may be asked more than once; True where it does not tell."""
    return bool(getattr(tape, "_persistent", True))


_FUNCTION = ("eager.polymorphic_function.polymorphic_function", "Function")


@contextmanager
def functions_told(listener: Callable[[], None]) -> Iterator[bool]:
    """While active, a listener is called after each call of a ``tf.function`` that has run.

    One inside another is part of it. Whether that is possible.
    """
    kind: Any = _internal(*_FUNCTION)
    if kind is None or "__call__" not in vars(kind):
        yield False
        return
    if not _listeners:
        _listeners.append(kind.__call__)
        kind.__call__ = _telling(kind.__call__)
    _listeners.append(listener)
    try:
        yield True
    finally:
        _listeners.remove(listener)
        if len(_listeners) == 1:
            kind.__call__ = _listeners.pop()


_listeners: list[Any] = []
"""What a function's call was, and who is told."""


_compiling = local()


def is_compiled_by_xla() -> bool:
    """Whether what is traced now will be compiled by XLA; known while functions are told of."""
    return getattr(_compiling, "depth", 0) > 0


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(function: Any, *args: Any, **kwargs: Any) -> Any:
        depth = getattr(_compiling, "depth", 0)
        _compiling.depth = depth + bool(getattr(function, "_jit_compile", False))
        try:
            result = original(function, *args, **kwargs)
        finally:
            _compiling.depth = depth
        if tf.executing_eagerly():
            for listener in _listeners[1:]:
                listener()
        return result

    return call
