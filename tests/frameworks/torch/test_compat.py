"""Fails where a later PyTorch has moved a private name that dlmagic uses."""

from __future__ import annotations

import pytest
import torch
import torch._dynamo
from torch import nn

from dlmagic.frameworks.torch import _compat as compat

sizes = []


def recording(graph, inputs):
    """A backend that notes the first sizes of what it is given."""
    sizes.extend(size for value in inputs for size in getattr(value, "shape", [value])[:1])
    return graph.forward


def breaks(x):
    y = x + 1
    print("seen")  # noqa: T201 - what Dynamo breaks on
    return y * 2


def test_dynamo_still_counts_where_it_did():
    for name in ("counters", "compilation_time_metrics"):
        assert hasattr(torch._dynamo.utils, name)
    assert hasattr(torch._dynamo.convert_frame, "FRAME_COMPILE_COUNTER")
    before, frames = compat.graph_breaks(), sum(compat.compilations_per_frame())
    torch.compile(breaks, backend="eager")(torch.ones(2))
    assert compat.graph_breaks() == before + 1
    assert sum(compat.compilations_per_frame()) == frames + 2
    assert {"total", "ok"} <= compat.dynamo_counters()["frames"].keys()
    assert compat.dynamo_is_loaded()


def test_dynamo_still_times_the_steps_of_compiling():
    steps = ("_compile.compile_inner", "OutputGraph.call_user_compiler")
    before = [compat.compile_seconds(step) for step in steps]
    torch.compile(lambda x: x + 17, backend="eager")(torch.ones(2))
    for (seconds, count), step in zip(before, steps, strict=True):
        after = compat.compile_seconds(step)
        assert after[1] == count + 1
        assert after[0] > seconds
    assert compat.compile_seconds("no such step") == (0, 0)


def test_compiled_things_can_be_unwrapped():
    model = nn.Linear(1, 1)
    assert compat.unwrapped(torch.compile(model, backend="eager")) is model
    assert compat.unwrapped(torch.compile(breaks, backend="eager")) is breaks
    assert compat.unwrapped(model) is model


def also_breaks(x):
    return breaks(x)


def test_unsupported_code_carries_its_stack():
    with pytest.raises(torch._dynamo.exc.Unsupported) as caught:
        torch.compile(also_breaks, backend="eager", fullgraph=True)(torch.ones(2))
    assert compat.user_stack(caught.value)[-1].name == "breaks"


def test_version_counters_can_be_set():
    tensor = torch.ones(2)
    tensor.add_(1)
    compat.set_version(tensor, 0)
    assert compat.version_of(tensor) == 0
    with torch.inference_mode():
        assert compat.version_of(torch.ones(1)) is None


def test_hooks_are_where_they_were():
    tensor = torch.ones(2, requires_grad=True)
    empty = compat.hooks_of(tensor)
    tensor.register_hook(lambda grad: grad)
    tensor.register_post_accumulate_grad_hook(lambda leaf: None)
    assert all(hooks is not None for hooks in compat.hooks_of(tensor))
    compat.set_hooks(tensor, empty)
    assert compat.hooks_of(tensor) == (None, None)


def test_schemas_tell_what_is_written():
    written = compat.written_arguments
    assert written(torch.ops.aten.add_.Tensor) == ((0, "self"),)
    assert [name for _, name in written(torch.ops.aten.add.out)] == ["out"]
    assert written(torch.ops.aten.add.Tensor) == ()
    names = [name for _, name in written(torch.ops.aten.native_batch_norm.default)]
    assert names == ["running_mean", "running_var"]


def sizes_compiled(rows):
    """The sizes that a graph of a new function takes; always at one file and line."""
    names = {}
    exec(compile("def doubled(x):\n    return x * 2", "<doubled>", "exec"), names)
    sizes.clear()
    torch.compile(names["doubled"], backend=recording)(torch.ones(rows))
    return list(sizes)


def test_what_dynamo_has_seen_of_sizes_can_be_put_aside():
    own = compat.swap_sizes_seen(compat.no_sizes_seen())
    assert own is not None
    try:
        assert sizes_compiled(3) == [3]
        assert sizes_compiled(4) != [4]  # by now the size is an argument
        earlier = compat.swap_sizes_seen(compat.no_sizes_seen())
        assert sizes_compiled(5) == [5]
        compat.swap_sizes_seen(earlier)
        assert sizes_compiled(6) != [6]
    finally:
        compat.swap_sizes_seen(own)


def test_the_other_names():
    assert compat.print_options()["precision"] == 4
    assert compat.is_view(torch.ones(2)[:1])
    assert not compat.is_view(torch.ones(2))
    assert issubclass(compat.TracerWarning, Warning)
    assert compat.TracerWarning is not UserWarning
    assert compat.is_lazy(nn.LazyLinear(1).weight)
    assert compat.is_loader_iterator(iter(torch.utils.data.DataLoader([1])))
    assert hasattr(torch._inductor.cpp_builder, "get_cpp_compiler")
    assert hasattr(torch._inductor.exc, "InvalidCxxCompiler")


def test_a_missing_compiler_is_seen(monkeypatch):
    assert not compat.cpp_compiler_missing()

    def fails():
        raise torch._inductor.exc.InvalidCxxCompiler

    monkeypatch.setattr(torch._inductor.cpp_builder, "get_cpp_compiler", fails)
    assert compat.cpp_compiler_missing()


def test_precision_is_read_and_put_back_by_all_its_names():
    before = compat.precision()
    assert before[:2] == (True, "highest")
    assert compat.tf32_in_matmul() is False
    torch.set_float32_matmul_precision("high")
    assert compat.precision() != before
    assert compat.tf32_in_matmul() is True
    compat.set_precision(before)
    assert compat.precision() == before


def test_the_base_of_a_view_is_told_and_modes_are_put_aside():
    table = torch.ones(2, 3)
    assert compat.base_of(table.T) is table
    assert compat.base_of(table) is table
    heard = []

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            heard.append(func)
            return func(*args, **(kwargs or {}))

    with Mode():
        with compat.without_modes():
            table.sum()
        assert heard == []
        table.sum()
    assert len(heard) == 1


def test_schedulers_still_count_the_steps_of_their_optimiser():
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    assert not compat.has_stepped(optimizer)
    optimizer.step()
    assert compat.has_stepped(optimizer)


def test_hooks_for_gradients_of_modules_are_still_kept_where_they_were():
    for register in ("register_full_backward_hook", "register_full_backward_pre_hook"):
        layer = nn.Linear(1, 1)
        assert not compat.has_backward_hooks(layer)
        getattr(layer, register)(lambda *_: None)
        assert compat.has_backward_hooks(layer)


def test_the_innermost_mode_is_known():
    outer, inner = torch.overrides.BaseTorchFunctionMode(), torch.device("cpu")
    with outer:
        assert compat.is_current_mode(outer)
        with inner:
            assert not compat.is_current_mode(outer)


def test_it_tells_of_forks_after_cuda_was_started():
    assert callable(torch.cuda._is_in_bad_fork)
    assert not compat.in_bad_fork()


def test_a_world_without_numbers_is_there():
    world = compat.fake_world()
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    copied = world.copy_of(model)
    given = world.tensor_like(torch.ones(4, 3, requires_grad=True))
    with world.active():
        result = copied(given)
    assert compat.is_without_numbers(result)
    assert (tuple(result.shape), given.requires_grad) == ((4, 2), True)
    assert type(model[0].weight) is nn.Parameter
    assert model[1].num_batches_tracked == 0


def test_views_have_the_number_of_what_they_look_at():
    x, y = torch.ones(4), torch.ones(4)
    assert isinstance(compat.storage_number(x), int)
    assert compat.storage_number(x[1:]) == compat.storage_number(x)
    assert compat.storage_number(x) != compat.storage_number(y)
    assert compat.storage_number(x.to_sparse()) is None


def test_a_backward_pass_can_be_told_and_its_end_awaited():
    x, seen = torch.ones(2, requires_grad=True), []
    y = x * 2

    def told(_gradient):
        queued = compat.at_end_of_backward(lambda: seen.append(x.grad.tolist()))
        seen.extend([compat.in_backward(), queued])

    y.register_hook(told)
    assert not compat.in_backward()
    assert not compat.at_end_of_backward(lambda: None)
    y.sum().backward()
    assert seen == [True, True, [2.0, 2.0]]


def test_hooks_are_put_on_modules_and_taken_off_in_one_go():
    model, calls = nn.Sequential(nn.ReLU(), nn.Tanh()), []
    theirs = model[0].register_forward_hook(lambda *_: calls.append("theirs"))
    key = compat.put_hooks_on([(each, lambda *_: calls.append("ours")) for each in model])
    model(torch.ones(1))
    assert calls == ["theirs", "ours", "ours"]
    compat.take_hooks_off(model, key)
    compat.take_hooks_off(model, key)
    model(torch.ones(1))
    assert calls == ["theirs", "ours", "ours", "theirs"]
    theirs.remove()


def test_the_gradient_of_an_output_is_told_beside_other_hooks(monkeypatch):
    leaf, told = torch.ones(2, requires_grad=True), []
    output = leaf * 3
    assert hasattr(output.grad_fn, "_register_hook_dict")
    compat.hook_gradient(output, told.append)
    theirs = output.register_hook(lambda gradient: gradient * 2)
    compat.hook_gradient(output, lambda gradient: told.append(-gradient))
    compat.hook_gradient(leaf, told.append)
    output.sum().backward(retain_graph=True)
    assert [each.tolist() for each in told] == [[1, 1], [-2, -2], [6, 6]]
    theirs.remove()
    output.sum().backward()
    assert [each.tolist() for each in told[3:]] == [[1, 1], [-1, -1], [3, 3]]


def test_the_compiled_call_of_a_module_can_be_replaced():
    model = nn.Linear(1, 1)
    assert compat.compiled_call(model) is None
    model.compile(backend="eager")
    before = compat.compiled_call(model)
    assert callable(before)
    compat.set_compiled_call(model, lambda x: "ours")
    assert model(torch.ones(1)) == "ours"
    compat.set_compiled_call(model, before)
    assert model(torch.ones(1)).shape == (1,)


def test_a_scaler_leaves_its_scale_with_an_optimiser_that_unscales_by_itself():
    weight = torch.ones(2, requires_grad=True)
    optimizer, told = torch.optim.Adam([weight], fused=True), []
    optimizer.register_step_pre_hook(
        lambda *_: told.append(compat.takes_scaled_gradients(optimizer))
    )
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    ((scale, skips),) = told
    assert (float(scale), float(skips)) == (8.0, 0.0)
    assert compat.takes_scaled_gradients(optimizer) == (None, None)


def test_a_process_group_can_still_be_aborted():
    assert callable(torch.distributed.distributed_c10d._abort_process_group)
    compat.abort_process_group()  # without a group it does nothing
