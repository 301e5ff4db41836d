"""Running a call once more so that nothing of it can be seen afterwards."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.culprit.call import KeptCall, autocast_now


@contextmanager
def replaying(model: nn.Module, kept: KeptCall) -> Iterator[None]:
    """The model and the process as they were when the call began, and as they are now after it."""
    with ExitStack() as stack:
        for put_back in (*_random_numbers(), *map(_attributes, _in_python(model))):
            stack.callback(put_back)
        for tensor in _changeable(model):
            stack.callback(_values(tensor))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for generator, state in kept.random_states:
            generator.set_state(state)
        if model.training != kept.training:
            model.train(kept.training)
        _enter_modes(stack, kept)
        yield


def bare(model: nn.Module) -> nn.Module:
    """The model without the wrappers of ``torch.compile`` and of several devices."""
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while not isinstance(model, torch.jit.ScriptModule):
        inner = model.module if isinstance(model, parallel) else compat.unwrapped(model)
        if inner is model or not isinstance(inner, nn.Module):
            return model
        model = inner
    return model


def can_run_again(model: nn.Module) -> bool:
    """Whether no other process takes part in a call: it would be waited for without end."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return True
    if torch.distributed.get_world_size() == 1:
        return True
    return not any(_needs_others(each) for each in model.modules())


def _needs_others(module: nn.Module) -> bool:
    own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    sharded = any(hasattr(each, "placements") for each in own)  # a DTensor
    names = {each.__name__ for each in type(module).__mro__}
    return sharded or bool(names & {"SyncBatchNorm", "FullyShardedDataParallel", "FSDPModule"})


def _enter_modes(stack: ExitStack, kept: KeptCall) -> None:
    stack.enter_context(torch.inference_mode(False))
    stack.enter_context(torch.enable_grad())
    stack.enter_context(torch.autograd.set_detect_anomaly(False))
    if compat.dynamo_is_loaded():
        stack.enter_context(torch.compiler.set_stance("force_eager"))
    for kind, _ in autocast_now():
        stack.enter_context(torch.autocast(kind, enabled=False))
    for kind, dtype in kept.autocast:
        stack.enter_context(torch.autocast(kind, dtype=dtype))


def _random_numbers() -> Iterator[Callable[[], object]]:
    python, numpy = random.getstate(), np.random.get_state()
    yield lambda: random.setstate(python)
    yield lambda: np.random.set_state(numpy)
    generators = [torch.default_generator]
    if torch.cuda.is_initialized():
        generators += torch.cuda.default_generators
    for generator in generators:
        yield _setting(generator, generator.get_state())


def _setting(generator: torch.Generator, state: Tensor) -> Callable[[], object]:
    return lambda: generator.set_state(state)


def _in_python(model: nn.Module) -> Iterator[nn.Module]:
    return (each for each in model.modules() if not isinstance(each, torch.jit.ScriptModule))


def _attributes(module: nn.Module) -> Callable[[], None]:
    """All that a module keeps, for models that remember something from call to call."""
    kept: dict[str, Any] = vars(module)
    before, buffers = dict(kept), dict(module._buffers)

    def put_back() -> None:
        module._buffers.clear()
        module._buffers.update(buffers)
        for name in kept.keys() - before.keys():
            del kept[name]
        kept.update(before)

    return put_back


def _changeable(model: nn.Module) -> Iterator[Tensor]:
    """What a call may write to: buffers, and tables that are scaled down when they are read."""
    yield from model.buffers()
    for module in model.modules():
        if getattr(module, "max_norm", None) is not None:
            yield from module.parameters(recurse=False)


def _values(tensor: Tensor) -> Callable[[], None]:
    """Always put back: batch norm writes to its statistics without a trace in their version."""
    copy, version = tensor.detach().clone(), compat.version_of(tensor)

    def put_back() -> None:
        with torch.no_grad():
            tensor.copy_(copy)
        if version is not None:
            compat.set_version(tensor, version)

    return put_back
