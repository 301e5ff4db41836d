"""Every private name of JAX that dlmagic uses, each behind a plain answer of its own.

A name that a later JAX moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/jax/test_compat.py`` fails when that happens, so
that the loss is noticed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache, wraps
from importlib import import_module
from inspect import getclosurevars, isfunction, signature
from itertools import count
from typing import Any

import jax

TRACED = "/jax/core/compile/jaxpr_trace_duration"
"""The event of a function traced; its listener gets ``fun_name``; the name is not promised."""
LOWERED = "/jax/core/compile/jaxpr_to_mlir_module_duration"
"""The event of a traced function made a program for the compiler; likewise."""
COMPILED = "/jax/core/compile/backend_compile_duration"
"""The event of a program compiled for a device; likewise."""
LOADED = "/jax/compilation_cache/cache_hits"
"""The event of a program found in the persistent cache; the name is not promised."""
STORED = "/jax/compilation_cache/cache_misses"
"""The event of a program written to it: JAX tells of those misses only that it makes good."""


@cache
def _private(module: str, name: str) -> Any:
    """An attribute of one of JAX's own modules, or None where it is gone."""
    try:
        return getattr(import_module(f"jax._src.{module}"), name, None)
    except ImportError:
        return None


def is_started() -> bool:
    """Whether JAX has made its devices; True where it does not tell.

    To ask for a device starts all of them, which takes the memory of a GPU.
    """
    started = _private("xla_bridge", "backends_are_initialized")
    return bool(started()) if callable(started) else True


def platforms_made() -> tuple[str, ...] | None:
    """The platforms of the devices that JAX has made, such as ``("cpu",)``; None if not told."""
    made = _private("xla_bridge", "_backends")
    return tuple(map(str, made)) if isinstance(made, dict) else None


def is_built_for(platform: str) -> bool:
    """Whether this JAX could have devices of a platform; True where it does not tell."""
    known = _private("xla_bridge", "_backend_factories")
    return platform in known if isinstance(known, dict) else True


def unregister(listener: Callable[..., None]) -> bool:
    """Take a listener of durations away; whether that was possible."""
    return _unregister(
        listener,
        "unregister_event_duration_listener",
        "_unregister_event_duration_listener_by_callback",
    )


def unregister_from_cache(listener: Callable[..., None]) -> bool:
    """Take a listener of plain events away; whether that was possible."""
    return _unregister(
        listener, "unregister_event_listener", "_unregister_event_listener_by_callback"
    )


def _unregister(listener: Callable[..., None], *names: str) -> bool:
    for name in names:
        take_away = getattr(jax.monitoring, name, None) or _private("monitoring", name)
        if callable(take_away):
            take_away(listener)
            return True
    return False


def flags() -> Mapping[str, object]:
    """All settings of JAX by name; empty where they cannot be listed."""
    return dict(getattr(jax.config, "values", {}))


def donates(function: object) -> bool:
    """Whether a function of ``jax.jit`` takes the memory of some of its arguments."""
    told = getattr(function, "_jit_info", None)
    names = ("donate_argnums", "donate_argnames")
    return any(getattr(told, name, ()) for name in names)


def bytes_of_constants(traced: Any) -> int:
    """How many bytes of arrays a traced function holds that are none of its arguments."""
    constants: Any = getattr(traced, "_consts", None) or getattr(traced.jaxpr, "consts", ())
    return sum(int(constant.nbytes) for constant in constants if hasattr(constant, "nbytes"))


def users_frames(equation: Any) -> list[tuple[str, int, str]]:
    """File, line and function of the code that made an equation, the outermost first.

    JAX's own code is left out; empty where JAX does not tell.
    """
    find = _private("source_info_util", "user_frames")
    if not callable(find):
        return []
    source = getattr(equation.source_info, "traceback", equation.source_info)
    for argument in (equation.source_info, source):  # versions take either
        try:
            found = list(find(argument))
        except (AttributeError, TypeError):
            continue
        return [(f.file_name, int(f.start_line), f.function_name) for f in reversed(found)]
    return []


def under_key(array: Any) -> Any:
    """The plain array that a random key is made of; any other array itself."""
    return getattr(array, "_base_array", array)


@contextmanager
def waiting_is_done() -> Iterator[None]:
    """While active, ``x.block_until_ready()`` gives ``x`` while a function is traced.

    ``jax.block_until_ready(x)`` does so by itself; the method is refused.
    """
    kind, name = jax.core.Tracer, "block_until_ready"
    if name in vars(kind):  # a JAX that has one of its own
        yield
        return
    setattr(kind, name, lambda tracer: tracer)
    try:
        yield
    finally:
        delattr(kind, name)


def alias_of(array: Any, kind: Any = None) -> Any:
    """Another array over the same memory, or None where none can be made.

    Args:
        array: An array.
        kind: One of the same shape and type: the result gives way to other types, and moves to
            other devices, where this one would.
    """
    like = array if kind is None else kind
    try:
        committed = bool(getattr(like, "committed", getattr(like, "_committed", False)))
        return type(like)(like.aval, like.sharding, array._arrays, committed=committed)
    except (AttributeError, TypeError):
        return None


def put(array: Any, source: Any) -> bool:
    """Let an array be, in place, what another is: its memory, shape and type.

    The object stays the same one, also one whose memory was handed over to a computation.
    This is JAX's own way to change a mutable reference. To call the array's ``__init__`` again
    would do as well, and corrupts JAX's list of arrays: the process ends much later. An array
    that is to be what it is already is left alone: JAX would empty it and end the process.

    From JAX 0.11.2 on, the other must be of the same shape, type and kind, and an array that
    was deleted by hand cannot come back; one whose memory was handed over can.

    Returns whether that was possible.
    """
    if source is array:
        return not array.is_deleted()
    replace = getattr(array, "_replace_with", None)
    if replace is None:
        return False
    try:
        replace(source)
    except RuntimeError:  # JaxRuntimeError: it refuses this array for that one
        return False
    return not array.is_deleted()


@cache
def can_put() -> bool:
    """Whether :func:`put` brings an array back that was handed over; tried on a small one."""
    array, copy = jax.numpy.zeros(2), jax.numpy.ones(2)
    jax.jit(_dlmagic_successor, donate_argnums=0)(array)
    return put(array, copy) and bool(array[1] == 1)


def _dlmagic_successor(array: Any) -> Any:
    return array + 1


Told = Callable[[Any, tuple[Any, ...], Sequence[Any], Mapping[str, Any], Sequence[Any]], None]
"""Takes a primitive, its functions if it is custom, its inputs, parameters and outputs."""


@contextmanager
def operations_told(
    operation: Told,
    differentiation: Callable[[Any, tuple[Any, ...], Any], None],
    *,
    inside: bool = False,
) -> Iterator[bool]:
    """While active, every operation that runs at once is told of; whether that is possible.

    Args:
        operation: Called after each one. What happens inside a compiled function, or inside one
            with a gradient of its own, is part of it and not told of.
        differentiation: Called after ``jax.grad`` and its like with the function, the values of
            its arguments, and its result.
        inside: Whether the operations of a function that is differentiated are told of, too.
    """
    kind, enter = _recording_trace(), _private("core", "set_current_trace")
    if kind is None or not callable(_private("api", "vjp")):
        yield False
        return
    trace = kind()
    trace.tell = operation
    with ExitStack() as stack:
        api = import_module("jax._src.api")
        for module, name in ((jax, "vjp"), (api, "vjp"), (api, "_vjp")):  # versions call either
            if hasattr(module, name):
                stack.enter_context(_vjp_told(module, name, trace, differentiation, inside))
        for module in ("jax.core", "jax.extend.core", "jax._src.core"):
            stack.enter_context(_state_hidden(module, trace))
        stack.enter_context(enter(trace))
        yield True


@cache
def _recording_trace() -> Any:
    """JAX's way to run operations at once, which tells of them; None where there is no such way."""
    base = _private("core", "EvalTrace")
    names = ("set_current_trace", "trace_ctx", "eval_trace")
    if base is None or any(_private("core", name) is None for name in names):
        return None

    plain = _private("core", "eval_trace")

    class RecordingTrace(base):  # type: ignore[misc, valid-type]
        """Computes as JAX does when nothing is traced.

        JAX's own trace does it: in JAX 0.11.1 and later, what an operation consists of is an
        operation of the trace that computes it.
        """

        tell: Told

        def process_primitive(self, primitive: Any, args: Any, params: Any, /) -> Any:
            result = plain.process_primitive(primitive, args, params)
            outputs = result if primitive.multiple_results else [result]
            outputs = [each if each is None else apart(each, args) for each in outputs]
            self.tell(primitive, (), args, params, outputs)
            return outputs if primitive.multiple_results else outputs[0]

        def process_custom_jvp_call(
            self, primitive: Any, fun: Any, jvp: Any, args: Any, /, **params: Any
        ) -> Any:
            result = plain.process_custom_jvp_call(primitive, fun, jvp, args, **params)
            return self._tell_custom(primitive, (fun, jvp), args, params, result)

        def process_custom_vjp_call(
            self, primitive: Any, fun: Any, fwd: Any, bwd: Any, args: Any, /, **params: Any
        ) -> Any:
            result = plain.process_custom_vjp_call(primitive, fun, fwd, bwd, args, **params)
            return self._tell_custom(primitive, (fun, fwd, bwd), args, params, result)

        def _tell_custom(
            self, primitive: Any, functions: Any, args: Any, params: Any, result: Any
        ) -> Any:
            outputs = [apart(each, args) for each in result]
            self.tell(primitive, functions, args, params, outputs)
            return outputs

    return RecordingTrace


def apart(result: Any, inputs: Sequence[Any]) -> Any:
    """A result that is another object than all inputs, so that it can be told from them."""
    if not any(result is each for each in inputs):
        return result
    other = alias_of(result)
    return result if other is None else other


@contextmanager
def _vjp_told(
    module: Any,
    name: str,
    trace: Any,
    tell: Callable[[Any, tuple[Any, ...], Any], None],
    inside: bool,
) -> Iterator[None]:
    """While active, ``vjp`` of a module tells of calls with values; behind it is every gradient."""
    original, core = getattr(module, name), import_module("jax._src.core")

    @wraps(original)
    def vjp(fun: Any, *primals: Any, **options: Any) -> Any:
        if core.trace_ctx.trace is not trace:
            return original(fun, *primals, **options)
        with nullcontext() if inside else core.set_current_trace(core.eval_trace):
            result = original(fun, *primals, **options)
        tell(fun, primals, result[0])
        return result

    setattr(module, name, vjp)
    try:
        yield
    finally:
        setattr(module, name, original)


@contextmanager
def _state_hidden(module: str, trace: Any) -> Iterator[None]:
    """While active, nobody who asks sees that operations are told of.

    Flax marks its variables with the state of tracing, and refuses to change them in another.
    """
    names = vars(sys.modules.get(module, jax))
    original, core = names.get("get_opaque_trace_state"), import_module("jax._src.core")
    if original is None:
        yield
        return

    def get_opaque_trace_state(*args: Any, **keywords: Any) -> Any:
        if core.trace_ctx.trace is not trace:
            return original(*args, **keywords)
        with core.set_current_trace(core.eval_trace):
            return original(*args, **keywords)

    names["get_opaque_trace_state"] = get_opaque_trace_state
    try:
        yield
    finally:
        names["get_opaque_trace_state"] = original


def bind(
    primitive: Any, functions: tuple[Any, ...], inputs: Sequence[Any], params: Mapping[str, Any]
) -> list[Any]:
    """Let an operation compute once more; with its own rules for gradients."""
    if not functions:
        found = primitive.bind(*inputs, **params)
    elif "avals" in signature(primitive.bind_with_trace).parameters:
        found = primitive.bind(*inputs, subfuns=functions, **params)
    else:  # a JAX before 0.10
        found = primitive.bind(*functions, *inputs, **params)
    return list(found) if primitive.multiple_results else [found]


def bind_equation(equation: Any, inputs: Sequence[Any]) -> list[Any]:
    """The same for an operation that is written down in a jaxpr."""
    primitive = equation.primitive
    found = primitive.get_bind_params(equation.params)
    functions, params = found if isinstance(found, tuple) else ((), found)
    functions = params.pop("subfuns", functions)
    return bind(primitive, tuple(functions), inputs, params)


def is_differentiated(equation: Any) -> bool:
    """Whether an equation was written down while its function was differentiated; else False."""
    stack = getattr(equation.source_info, "name_stack", "")
    return "jvp(" in str(stack)


_TOLD = re.compile(r"^(.*?) at (.*):\d+$")


def source_of(function: Any) -> tuple[str, str]:
    """Name and file of the Python function behind a jaxpr, or behind a custom function.

    Two empty texts where JAX does not tell.
    """
    told = getattr(getattr(function, "debug_info", None), "func_src_info", None)
    found = _TOLD.match(told or "")
    return (found[1], found[2]) if found else ("", "")


def differentiated(function: Any) -> tuple[str, list[str]]:
    """Name of a function that is differentiated, and of the arguments that it is by.

    As many as are known: JAX hands a function of its own on, which calls the user's.
    """
    try:
        held = getclosurevars(function).nonlocals
        users, places = held.get("f", function), held.get("dyn_argnums")
        names = list(signature(users).parameters)
    except (TypeError, ValueError):
        return "", []
    chosen = names if places is None else [names[i] for i in places if i < len(names)]
    return getattr(users, "__name__", ""), chosen


def static_arguments(function: object) -> tuple[int | str, ...] | None:
    """Places and names of the arguments that a function of ``jax.jit`` is compiled for.

    None where it is no such function.
    """
    told = getattr(function, "_jit_info", None)
    if told is None:
        return None
    places = getattr(told, "static_argnums", None) or ()
    names = getattr(told, "static_argnames", None) or ()
    return (*places, *names)


@contextmanager
def gradients_told(
    listener: Callable[[Any, Any, Any], None],
    around: Callable[[Callable[..., Any]], Any] | None = None,
) -> Iterator[bool]:
    """While active, what ``jax.grad`` and ``jax.value_and_grad`` find is told of.

    Args:
        listener: Takes what a function is differentiated by, as a tuple, the gradients, and what
            the function gave.
        around: Makes of the function that is differentiated the one that is called.

    Whether that is possible.
    """
    api: Any = import_module("jax._src.api")
    name = "_vjp" if hasattr(api, "_vjp") else "vjp"  # a JAX before 0.8, and one after it
    original = getattr(api, name, None)
    if not callable(original):
        yield False
        return

    @wraps(original)
    def vjp(fun: Any, *primals: Any, **options: Any) -> Any:
        if around is not None and isfunction(fun):
            fun = wraps(fun)(around(fun))
        value, pull_back, *auxiliary = original(fun, *primals, **options)

        def gradients(*cotangents: Any) -> Any:
            found = pull_back(*cotangents)
            listener(primals, found, value)
            return found

        return value, gradients, *auxiliary

    setattr(api, name, vjp)
    try:
        yield True
    finally:
        setattr(api, name, original)


@contextmanager
def traced_apart() -> Iterator[None]:
    """While active, compiled functions that are called while another is traced are traced anew.

    What JAX keeps of them from before is not used, and what it keeps of them now is used by nobody
    else: what is traced depends on a mark that changes nothing else.
    """
    try:
        marked: Any = import_module("jax.experimental.xla_metadata").set_xla_metadata
    except (ImportError, AttributeError):
        yield
        return
    with marked(dlmagic=str(next(_MARKS))):
        yield


_MARKS = count()


def trace_of(values: Any) -> object:
    """What traces the first of some values that is traced; None where none is."""
    tracers = (each for each in jax.tree.leaves(values) if isinstance(each, jax.core.Tracer))
    return next((getattr(each, "_trace", None) for each in tracers), None)
