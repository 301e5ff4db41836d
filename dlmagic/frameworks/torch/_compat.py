"""Every private name of PyTorch that dlmagic uses, each behind a plain answer of its own.

A name that a later PyTorch moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/torch/test_compat.py`` fails when that happens,
so that the loss is noticed.
"""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["TorchDispatchMode", "pytree"]  # private modules that every released PyTorch has

TracerWarning: type[Warning] = getattr(torch.jit, "TracerWarning", UserWarning)
"""What tracing says when it may have got something wrong."""


def is_lazy(tensor: Tensor) -> bool:
    """Whether it is a parameter of a lazy module, which has no shape yet."""
    lazy = getattr(torch.nn.parameter, "UninitializedTensorMixin", ())
    return isinstance(tensor, lazy)


def is_without_numbers(tensor: Tensor) -> bool:
    """Whether it stands for a tensor of a graph that is being made."""
    return type(tensor).__name__ in {"FakeTensor", "FunctionalTensor"}


def indices_and_values(sparse: Tensor) -> list[Tensor]:
    """What a sparse tensor of coordinates holds; the public names refuse one not yet coalesced."""
    return [getattr(sparse, name)() for name in ("_indices", "_values") if hasattr(sparse, name)]


def dynamo_counters() -> Mapping[str, Mapping[str, int]]:
    """What Dynamo has counted so far; empty while it is not loaded."""
    utils = sys.modules.get("torch._dynamo.utils")
    return getattr(utils, "counters", {})


_GENERATOR = "Attempt to trace generator"


def graph_breaks() -> int:
    """How often Dynamo had to leave Python code out of a graph.

    A break at a branch on a tensor's value stays under ``unimplemented``, where each of them is
    noted first; so does reaching the recompile limit, which is counted elsewhere.
    """
    counters = dynamo_counters()
    return sum(
        count
        for category in ("graph_break", "unimplemented")
        for reason, count in counters.get(category, {}).items()
        if not reason.startswith(("Dynamo recompile limit", _GENERATOR))
    )


def frames_left_eager() -> int:
    """How many functions Dynamo tried to compile and gave up on.

    Generators do not count: it tries, and refuses, each one that is called outside a graph,
    those of Inductor's own code while that compiles included.
    """
    counters = dynamo_counters()
    frames = counters.get("frames", {})
    reasons = counters.get("unimplemented", {}).items()
    generators = sum(count for reason, count in reasons if reason.startswith(_GENERATOR))
    return max(0, frames.get("total", 0) - frames.get("ok", 0) - generators)


def compilations_per_frame() -> Iterable[int]:
    """How often each frame was compiled: one more than once is a recompilation."""
    convert_frame = sys.modules.get("torch._dynamo.convert_frame")
    return list(getattr(convert_frame, "FRAME_COMPILE_COUNTER", {}).values())


def backward_compilations() -> int:
    """How many backward graphs were compiled when a backward pass first needed them."""
    utils = sys.modules.get("torch._dynamo.utils")
    phases = getattr(utils, "compilation_time_metrics", {})
    return len(phases["backward._backward_impl"]) if "backward._backward_impl" in phases else 0


def compile_seconds(step: str) -> tuple[float, int]:
    """Seconds that a step of compiling has taken so far, and how often it ran; steps inside count.

    Args:
        step: PyTorch's own name of it, such as ``"_compile.compile_inner"``.
    """
    utils = sys.modules.get("torch._dynamo.utils")
    times = getattr(utils, "compilation_time_metrics", {}).get(step, ())
    return sum(times), len(times)


def structured_trace() -> logging.Logger | None:
    """The logger that tells of every graph break and recompilation, or None where there is none.

    It is what ``TORCH_TRACE`` writes and ``torch.export.draft_export`` listens to.
    """
    internal = getattr(torch, "_logging", None)
    logger = getattr(getattr(internal, "_internal", None), "trace_log", None)
    return logger if isinstance(logger, logging.Logger) else None


def log_of_graph_breaks() -> logging.Logger:
    """The logger behind ``TORCH_LOGS="graph_breaks"``; a second break at one line has no stack."""
    return logging.getLogger("torch._dynamo.symbolic_convert.__graph_breaks")


def stack_of_start(start: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """File, line and function of each step of a stack in a record of :func:`structured_trace`.

    File names stand there as numbers, in the order in which they were first met.
    """
    structured = sys.modules.get("torch._logging.structured")
    numbers: Mapping[str, int] = getattr(structured, "INTERN_TABLE", {})
    files = {number: file for file, number in numbers.items()}
    steps = start.get("stack", ())
    return [(files.get(s["filename"], ""), int(s["line"]), str(s["name"])) for s in steps]


def source_of_input(node: Any) -> str | None:
    """Where Dynamo takes an input of a graph from, such as ``"L['x']"``; None if it is not told."""
    argument = node.meta.get("grapharg")
    source = getattr(argument, "source", None)
    name = getattr(source, "name", None)
    try:
        return str(name() if callable(name) else name) if name is not None else None
    except Exception:  # a source without a name of its own
        return None


def fake_mode_of(values: object) -> Any:
    """The mode that made the tensors without memory among the values, or None."""
    try:
        from torch._guards import detect_fake_mode
    except ImportError:
        return None
    return detect_fake_mode(values)


def random_numbers_of_eager() -> AbstractContextManager[object]:
    """While active, Inductor compiles code that draws the random numbers that eager code draws."""
    try:
        from torch._inductor import config
    except ImportError:
        return nullcontext()
    if not hasattr(config, "fallback_random"):
        return nullcontext()
    patched: AbstractContextManager[object] = config.patch(fallback_random=True)
    return patched


def no_sizes_seen() -> object:
    """A memory of sizes for :func:`swap_sizes_seen` in which there are none yet."""
    profile = _profile()
    return (defaultdict(profile.CodeState), None) if profile is not None else None


def swap_sizes_seen(memory: object) -> object:
    """Let Dynamo remember other sizes of the arguments of functions; returns what it did.

    It remembers them by file and line for the whole process: a size that it has seen to
    change is compiled as a variable from then on, which makes slower code.
    """
    profile = _profile()
    if profile is None or not isinstance(memory, tuple):
        return None
    before = (profile._CODE_STATE, profile._INIT_CODE_STATE)
    profile._CODE_STATE, profile._INIT_CODE_STATE = memory
    return before


def _profile() -> Any:
    """The module in which Dynamo keeps what it has seen; None where it is another."""
    try:
        from torch._dynamo import pgo
    except ImportError:
        return None
    names = ("CodeState", "_CODE_STATE", "_INIT_CODE_STATE")
    return pgo if all(hasattr(pgo, name) for name in names) else None


def dynamo_is_loaded() -> bool:
    """Whether anything in this process can have been compiled at all."""
    return "torch._dynamo.eval_frame" in sys.modules


def unwrapped(value: object) -> object:
    """The module or function behind the result of ``torch.compile``, else the value itself."""
    inner = None
    if isinstance(value, torch.nn.Module):
        inner = value._modules.get("_orig_mod")
    elif isinstance(value, FunctionType):
        inner = vars(value).get("_torchdynamo_orig_callable")
    return value if inner is None else inner


def user_stack(error: BaseException) -> Sequence[Any]:
    """The lines of the user's code that Dynamo was reading when it raised, outermost first."""
    return getattr(error, "real_stack", None) or ()


def cpp_compiler_missing() -> bool:
    """Whether Inductor finds no C++ compiler; False where it cannot be asked."""
    try:
        from torch._inductor import cpp_builder, exc
    except ImportError:
        return False
    missing = getattr(exc, "InvalidCxxCompiler", None)
    if missing is None or not hasattr(cpp_builder, "get_cpp_compiler"):
        return False
    try:
        cpp_builder.get_cpp_compiler()
    except missing:
        return True
    return False


def version_of(tensor: Tensor) -> int | None:
    """The counter that in-place operations raise, or None for tensors that keep none."""
    return None if tensor.is_inference() else tensor._version


def set_version(tensor: Tensor, version: int) -> None:
    """Put the counter back, so that graphs which saved this tensor earlier stay valid."""
    setter = getattr(torch._C._autograd, "_unsafe_set_version_counter", None)
    if setter is not None:
        setter((tensor,), (version,))


def hooks_of(tensor: Tensor) -> tuple[object, object]:
    """The gradient hooks registered on a tensor, as PyTorch keeps them."""
    return (
        getattr(tensor, "_backward_hooks", None),
        getattr(tensor, "_post_accumulate_grad_hooks", None),
    )


def set_hooks(tensor: Tensor, hooks: tuple[object, object]) -> None:
    """Put back what :func:`hooks_of` returned."""
    if hasattr(tensor, "_backward_hooks"):
        tensor._backward_hooks = hooks[0]  # type: ignore[assignment]  # whatever was read
    if hasattr(tensor, "_post_accumulate_grad_hooks"):
        tensor._post_accumulate_grad_hooks = hooks[1]  # type: ignore[assignment]


def global_hooks() -> dict[str, dict[int, object]]:
    """The hooks that are registered for all modules, by the name that PyTorch keeps them under."""
    kept = vars(torch.nn.modules.module)
    return {name: dict(hooks) for name, hooks in kept.items() if _keeps_hooks(name, hooks)}


def set_global_hooks(hooks: Mapping[str, Mapping[int, object]]) -> None:
    """Put back what :func:`global_hooks` returned, into the same dictionaries."""
    for name, registered in hooks.items():
        kept = getattr(torch.nn.modules.module, name)
        kept.clear()
        kept.update(registered)


def _keeps_hooks(name: str, value: object) -> bool:
    return name.startswith("_global_") and "hooks" in name and isinstance(value, dict)


def written_arguments(operation: Any) -> tuple[tuple[int, str], ...]:
    """Position and name of each argument that an operator writes to, by its schema.

    The running statistics of batch normalisation are written without a mark in the schema.
    """
    unmarked = ("running_mean", "running_var") if "batch_norm" in str(operation) else ()
    return tuple(
        (position, argument.name)
        for position, argument in enumerate(operation._schema.arguments)
        if (argument.alias_info is not None and argument.alias_info.is_write)
        or argument.name in unmarked
    )


def is_loader_iterator(value: object) -> bool:
    """Whether the value is a DataLoader that is being read."""
    loader = sys.modules.get("torch.utils.data.dataloader")
    base = getattr(loader, "_BaseDataLoaderIter", None)
    return base is not None and isinstance(value, base)


def is_view(tensor: Tensor) -> bool:
    """Whether autograd knows the tensor as a view of another."""
    return bool(getattr(tensor, "_is_view", bool)())


def base_of(tensor: Tensor) -> Tensor:
    """The tensor that a view looks at; the tensor itself where it is none, or that is not told."""
    base = getattr(tensor, "_base", None)
    return base if isinstance(base, Tensor) else tensor


def without_modes() -> AbstractContextManager[object]:
    """While active, functions of PyTorch are told to no mode."""
    disabled = getattr(torch._C, "DisableTorchFunction", None)
    return nullcontext() if disabled is None else disabled()


def print_options() -> dict[str, Any]:
    """How tensors are printed, as ``torch.set_printoptions`` takes it; empty if not known."""
    options = getattr(getattr(torch, "_tensor_str", None), "PRINT_OPTS", None)
    return {} if options is None else dict(vars(options))


def inner_tensors(tensor: Tensor) -> dict[str, Tensor]:
    """The tensors inside a wrapper subclass, by attribute name; empty for other tensors."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return {}
    names, _ = flatten()
    return {name: getattr(tensor, name) for name in names}


def matmul_precision() -> str | None:
    """What ``torch.set_float32_matmul_precision`` set; None once ``fp32_precision`` was used.

    PyTorch 2.9 and later refuse to read one of the two after the other has been set.
    """
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def tf32_in_matmul() -> bool | None:
    """Whether products of float32 may be computed as TF32 on CUDA; None if it does not tell."""
    newer = getattr(torch.backends.cuda.matmul, "fp32_precision", "none")
    if newer != "none":
        return bool(newer == "tf32")
    try:
        return bool(torch.backends.cuda.matmul.allow_tf32)
    except RuntimeError:
        return None


def tf32_in_cudnn() -> bool | None:
    """Whether cuDNN may do so; None if it does not tell, as where parts of it differ."""
    try:
        return bool(torch.backends.cudnn.allow_tf32)
    except RuntimeError:
        return None


def precision() -> tuple[object, ...]:
    """All settings of the precision of float32 products; None for those that do not tell."""
    return (tf32_in_cudnn(), matmul_precision(), *(_newer(o) for o in _owners_of_precision()))


def set_precision(values: tuple[Any, ...]) -> None:
    """Put back what :func:`precision` returned: the older settings first, which set the newer."""
    in_cudnn, in_matmul, *newer = values
    if in_cudnn is not None:
        torch.backends.cudnn.allow_tf32 = in_cudnn
    if in_matmul is not None:
        torch.set_float32_matmul_precision(in_matmul)
    for owner, value in zip(_owners_of_precision(), newer, strict=True):
        if value is not None and _newer(owner) != value:
            owner.fp32_precision = value


def _owners_of_precision() -> list[Any]:
    """What has a setting ``fp32_precision`` of its own; such settings came with PyTorch 2.9."""
    cudnn: Any = torch.backends.cudnn
    matrix = [torch.backends.cuda.matmul, getattr(torch.backends.mkldnn, "matmul", None)]
    return [*matrix, getattr(cudnn, "conv", None), getattr(cudnn, "rnn", None)]


def _newer(owner: Any) -> str | None:
    try:
        return getattr(owner, "fp32_precision", None)
    except RuntimeError:
        return None


def variable_of(node: Any) -> Tensor | None:
    """The leaf that a node of autograd's graph keeps the gradient of; None for any other node."""
    variable = getattr(node, "variable", None)
    return variable if isinstance(variable, Tensor) else None


def is_custom_function(node: Any) -> bool:
    """Whether a node belongs to an ``autograd.Function`` that somebody wrote in Python."""
    return isinstance(node, torch.autograd.function.BackwardCFunction)


@contextmanager
def watching_custom_functions(note: Callable[[object], object]) -> Iterator[None]:
    """While active, every result of an ``autograd.Function`` written in Python is told.

    Such a function is called past the modes that see all others.
    """
    owner: Any = torch.autograd.Function
    original = vars(owner).get("apply")
    if not isinstance(original, classmethod):
        yield
        return
    inner = original.__func__

    def apply(cls: Any, *arguments: Any, **keywords: Any) -> Any:
        result = inner(cls, *arguments, **keywords)
        note(result)
        return result

    owner.apply = classmethod(apply)
    try:
        yield
    finally:
        owner.apply = original


def result_of_node(node: Any) -> tuple[tuple[int, ...] | None, str | None]:
    """Shape and dtype of the first result that a node belongs to; None where it does not tell."""
    told = getattr(node, "_input_metadata", None)
    if not told:
        return None, None
    shape, dtype = getattr(told[0], "shape", None), getattr(told[0], "dtype", None)
    known = None if shape is None else tuple(int(axis) for axis in shape)
    return known, None if dtype is None else str(dtype).removeprefix("torch.")


def saved_tensors(node: Any) -> list[Tensor]:
    """What a node keeps for the backward pass.

    Raises:
        RuntimeError: One of them has been changed in place since, or is freed.
    """
    if is_custom_function(node):
        return [each for each in node.saved_tensors if isinstance(each, Tensor)]
    names = [name for name in dir(node) if name.startswith("_saved_")]
    values = [getattr(node, name) for name in names]
    flat = [each for value in values for each in (value if isinstance(value, tuple) else (value,))]
    return [each for each in flat if isinstance(each, Tensor)]


@contextmanager
def stacks_of_nodes() -> Iterator[Callable[[list[str]], None]]:
    """While active, nodes that are made have the stack that the given function was called with.

    Where PyTorch has no place for that, the function does nothing.
    """
    keeping = getattr(getattr(torch.fx, "traceback", None), "preserve_node_meta", None)
    if keeping is None or not hasattr(torch.fx.traceback, "set_stack_trace"):
        yield lambda _stack: None
        return
    with keeping():
        yield torch.fx.traceback.set_stack_trace
