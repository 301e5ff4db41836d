"""Every private name of PyTorch that dlmagic uses, each behind a plain answer of its own.

A name that a later PyTorch moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/torch/test_compat.py`` fails when that happens,
so that the loss is noticed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from dlmagic.frameworks.torch._compat.autograd import (
    is_custom_function,
    result_of_node,
    saved_tensors,
    stacks_of_nodes,
    variable_of,
    watching_custom_functions,
)
from dlmagic.frameworks.torch._compat.compiling import (
    cpp_compiler_missing,
    dynamo_is_loaded,
    free_compiled_code_of,
    no_sizes_seen,
    random_numbers_of_eager,
    swap_sizes_seen,
    unwrapped,
)
from dlmagic.frameworks.torch._compat.counting import (
    backward_compilations,
    compilations_per_frame,
    compile_seconds,
    dynamo_counters,
    frames_left_eager,
    graph_breaks,
)
from dlmagic.frameworks.torch._compat.devices import in_bad_fork, let_go_of_capture
from dlmagic.frameworks.torch._compat.distributed import abort_process_group
from dlmagic.frameworks.torch._compat.faking import FakeWorld, fake_world
from dlmagic.frameworks.torch._compat.hooks import (
    global_hooks,
    has_backward_hooks,
    has_stepped,
    hooks_of,
    is_current_mode,
    set_global_hooks,
    set_hooks,
)
from dlmagic.frameworks.torch._compat.settings import (
    matmul_precision,
    precision,
    set_precision,
    tf32_in_cudnn,
    tf32_in_matmul,
)
from dlmagic.frameworks.torch._compat.telling import (
    fake_mode_of,
    log_of_graph_breaks,
    source_of_input,
    stack_of_start,
    structured_trace,
    user_stack,
)
from dlmagic.frameworks.torch._compat.tensors import (
    base_of,
    indices_and_values,
    inner_tensors,
    is_lazy,
    is_loader_iterator,
    is_view,
    is_without_numbers,
    print_options,
    set_version,
    storage_number,
    version_of,
    without_modes,
    written_arguments,
)
from dlmagic.frameworks.torch._compat.watching import (
    at_end_of_backward,
    compiled_call,
    current_backward,
    hook_gradient,
    in_backward,
    in_transform,
    put_hooks_on,
    set_compiled_call,
    take_hooks_off,
    takes_scaled_gradients,
)

if TYPE_CHECKING:
    from torch.utils import _pytree as pytree
    from torch.utils._python_dispatch import TorchDispatchMode
else:

    def __getattr__(name: str) -> Any:
        """Private modules, when first asked for: one that is gone costs what needs it alone."""
        if name == "pytree":
            return import_module("torch.utils._pytree")
        if name == "TorchDispatchMode":
            return import_module("torch.utils._python_dispatch").TorchDispatchMode
        raise AttributeError(name)


TracerWarning: type[Warning] = getattr(torch.jit, "TracerWarning", UserWarning)
"""What tracing says when it may have got something wrong."""

__all__ = [
    "FakeWorld",
    "TorchDispatchMode",
    "TracerWarning",
    "abort_process_group",
    "at_end_of_backward",
    "backward_compilations",
    "base_of",
    "compilations_per_frame",
    "compile_seconds",
    "compiled_call",
    "cpp_compiler_missing",
    "current_backward",
    "dynamo_counters",
    "dynamo_is_loaded",
    "fake_mode_of",
    "fake_world",
    "frames_left_eager",
    "free_compiled_code_of",
    "global_hooks",
    "graph_breaks",
    "has_backward_hooks",
    "has_stepped",
    "hook_gradient",
    "hooks_of",
    "in_backward",
    "in_bad_fork",
    "in_transform",
    "indices_and_values",
    "inner_tensors",
    "is_current_mode",
    "is_custom_function",
    "is_lazy",
    "is_loader_iterator",
    "is_view",
    "is_without_numbers",
    "let_go_of_capture",
    "log_of_graph_breaks",
    "matmul_precision",
    "no_sizes_seen",
    "precision",
    "print_options",
    "put_hooks_on",
    "pytree",
    "random_numbers_of_eager",
    "result_of_node",
    "saved_tensors",
    "set_compiled_call",
    "set_global_hooks",
    "set_hooks",
    "set_precision",
    "set_version",
    "source_of_input",
    "stack_of_start",
    "stacks_of_nodes",
    "storage_number",
    "structured_trace",
    "swap_sizes_seen",
    "take_hooks_off",
    "takes_scaled_gradients",
    "tf32_in_cudnn",
    "tf32_in_matmul",
    "unwrapped",
    "user_stack",
    "variable_of",
    "version_of",
    "watching_custom_functions",
    "without_modes",
    "written_arguments",
]
