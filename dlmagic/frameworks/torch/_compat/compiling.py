"""How Dynamo and Inductor compile: what they have seen before, what they need, what they wrap."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from types import FunctionType
from typing import Any

import torch


def dynamo_is_loaded() -> bool:
    """Whether anything in this process can have been compiled at all."""
    return "torch._dynamo.eval_frame" in sys.modules


def unwrapped(value: object) -> object:
    """The module or function behind the result of ``torch.compile``, else the value itself."""
    inner = None
    if isinstance(value, torch.nn.Module) and isinstance(value._modules, dict):
        inner = value._modules.get("_orig_mod")
    elif isinstance(value, FunctionType):
        inner = vars(value).get("_torchdynamo_orig_callable")
    return value if inner is None else inner


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


def free_compiled_code_of(function: Callable[..., object]) -> None:
    """Have Dynamo let go of what it compiles of a function, as soon as that is gone itself.

    It would keep it for ever, as it keeps the function's code, and the names that compiled code
    needs would stay among the user's. What it keeps of code behind a graph break stays.
    """
    try:
        from torch._C._dynamo.eval_frame import reset_code
    except ImportError:
        return
    if isinstance(function, FunctionType):
        weakref.finalize(function, reset_code, function.__code__).atexit = False
    _forget_names_at_exit()


@cache
def _forget_names_at_exit() -> None:
    """Keep Dynamo from taking its names away where a shell has emptied its namespace before.

    It does so when code dies, as all does in the end, and tells of a KeyError for each name.
    """
    try:
        from torch._dynamo.utils import CleanupManager

        waiting = CleanupManager.instance.refs
    except (ImportError, AttributeError):
        return
    atexit.register(waiting.clear)


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
