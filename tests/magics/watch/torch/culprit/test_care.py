"""To look for a culprit leaves nothing behind, and works in whatever way a model is called."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch.culprit.finding import (
    KeptCall,
    find_culprit,
    keep_call,
    keep_gradients,
    told_by_gradients,
    trained_weight,
)

NAN = float("nan")


class Log(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return values.log()


class Root(nn.Module):
    """Its gradient is NaN."""

    def forward(self, values: Tensor) -> Tensor:
        return values + (values * 0).sqrt()


def net(fault: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), fault, nn.Dropout(),
        nn.Linear(8, 4),
    )  # fmt: skip


def called(
    model: nn.Module, *args: Any, loss: Callable[[Any], Tensor] = lambda out: out.square().mean()
) -> KeptCall:
    """Call a model and go back, as a training does, and keep the call."""
    kept = keep_call(model, args, {}, weight=trained_weight(model))
    output = model(*args)
    keep_gradients(kept, output, lambda: None)
    loss(output).backward()
    return kept


def look(model: nn.Module, *args: Any, **options: Any) -> Culprit:
    kept = called(model, *args, **options)
    with torch.no_grad():  # as in the hook of an optimiser
        return find_culprit(model, kept, 7)


def named(culprit: Culprit) -> tuple[str, str, str]:
    return culprit.pass_, culprit.layer, culprit.operation


@pytest.mark.parametrize("fault", [Log(), Root()])
def test_nothing_of_it_can_be_seen_afterwards(fault: nn.Module) -> None:
    model, batch = net(fault), torch.randn(16, 8)
    model[5].eval()
    kept = called(model, batch)
    before = state(model), batch.clone()
    gradients = [(each.grad, each.grad.clone()) for each in model.parameters()]
    find_culprit(model, kept, 1)
    assert equal(before, (state(model), batch))
    for parameter, (gradient, values) in zip(model.parameters(), gradients, strict=True):
        assert parameter.grad is gradient
        assert equal(gradient, values)


def state(model: nn.Module) -> list[Any]:
    """Everything that a call could change."""
    return [
        torch.get_rng_state(),
        random.getstate(),
        [each for each in np.random.get_state()],  # noqa: C416  # an array among numbers
        torch.is_grad_enabled(),
        [each.training for each in model.modules()],
        [each.clone() for each in model.state_dict().values()],
        [each._version for each in model.state_dict().values()],
        [{name: id(value) for name, value in vars(each).items()} for each in model.modules()],
        [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in model.modules()],
    ]


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor | np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype not in (torch.uint8, np.uint32)))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def test_no_graph_and_no_tensor_is_kept() -> None:
    model = net(Log())
    kept = called(model, torch.randn(16, 8))
    find_culprit(model, kept, 1)
    before = tensors_alive()
    for _ in range(3):
        find_culprit(model, kept, 1)
    assert tensors_alive() == before


def tensors_alive() -> int:
    import gc

    gc.collect()
    return sum(1 for each in gc.get_objects() if isinstance(each, Tensor))


class Remembering(nn.Module):
    """Keeps what it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.log = Log()
        self.seen: Tensor | None = None
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, values: Tensor) -> Tensor:
        self.seen = values
        self.mean = values.mean(0)
        return self.log(self.linear(values))


def test_what_a_model_remembers_is_put_back() -> None:
    model = Remembering()
    kept = called(model, torch.randn(8, 4))
    seen, mean = model.seen, model.mean
    assert named(find_culprit(model, kept, 1)) == ("forward", "log", "log")
    assert model.seen is seen
    assert model.mean is mean


def test_dropout_takes_the_numbers_of_the_call() -> None:
    """Only with the same mask is there a zero of which the root is taken."""

    class Rare(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return values + (values[:, :1] * 0 + torch.rand(1) - 0.999).log()

    model = nn.Sequential(nn.Linear(4, 4), Rare(), nn.Linear(4, 2))
    for seed in range(20):
        torch.manual_seed(seed)
        assert named(look(model, torch.randn(8, 4)))[:2] == ("forward", "1")


class Wrapped(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.module = inner

    def forward(self, values: Tensor) -> Tensor:
        return self.module(values)


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda m: torch.compile(m, backend="eager")])
def test_wrappers_are_looked_through(wrap: Callable[[nn.Module], nn.Module]) -> None:
    torch.compiler.reset()
    assert named(look(wrap(net(Root())), torch.randn(16, 8)))[:2] == ("backward", "3")


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
def test_a_part_that_is_compiled_is_looked_into_and_not_compiled_again() -> None:
    torch.compiler.reset()
    compiled = []
    model = nn.Sequential(nn.Linear(8, 8), net(Log()))
    model[1].compile(backend=lambda graph, _: compiled.append(graph) or graph)
    kept = called(model, torch.randn(16, 8))
    before = len(compiled)
    assert named(find_culprit(model, kept, 1)) == ("forward", "1.3", "log")
    model(torch.randn(16, 8))
    assert len(compiled) == before > 0


@pytest.mark.parametrize(("fault", "pass_"), [(Log(), "forward"), (Root(), "backward")])
def test_checkpoints_are_no_hindrance(fault: nn.Module, pass_: str) -> None:
    class Saving(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(8, 8)
            self.inner = net(fault)

        def forward(self, values: Tensor) -> Tensor:
            return checkpoint(self.inner, self.first(values), use_reentrant=False)

    assert named(look(Saving(), torch.randn(16, 8)))[:2] == (pass_, "inner.3")


@pytest.mark.filterwarnings("ignore:.*(deprecated|TorchScript):DeprecationWarning")
def test_a_scripted_layer_is_named_as_a_whole() -> None:
    inner = torch.jit.script(nn.Sequential(nn.Linear(8, 8), Log()))
    model = nn.Sequential(nn.Linear(8, 8), inner, nn.Linear(8, 2))
    culprit = look(model, torch.randn(4, 8))
    assert (culprit.pass_, culprit.layer, culprit.certain) == ("forward", "1", True)
    assert look(inner, torch.randn(4, 8)).pass_ == "forward"


def test_a_call_under_autocast_is_run_under_autocast() -> None:
    class Large(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return values * 60000 if values.dtype == torch.float16 else values

    model = nn.Sequential(nn.Linear(4, 4), Large(), nn.Linear(4, 2))
    with torch.autocast("cpu", torch.float16):
        kept = keep_call(model, (torch.full((2, 4), 50.0),), {})
        output = model(*kept.args)
        keep_gradients(kept, output, lambda: None)
    output.float().square().mean().backward()
    culprit = find_culprit(model, kept, 1)
    assert named(culprit)[:2] == ("forward", "1")
    assert culprit.dtype == "float16"


class Masking(nn.Module):
    """Infinities that a softmax takes away again, and NaN that nobody looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.full((6, 6), float("-inf")).triu(1))

    def forward(self, values: Tensor) -> Tensor:
        scores = values @ values.T + self.mask
        unused = (values.detach() - 100).log()
        return torch.where(unused.isnan(), scores.softmax(1) @ values, unused)


def test_what_does_not_reach_the_loss_is_no_culprit() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Masking(), Root(), nn.Linear(4, 2))
    assert named(look(model, torch.randn(6, 4)))[:2] == ("backward", "2")


def test_a_mask_given_as_input_is_no_culprit() -> None:
    class Asks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.root = Root()

        def forward(self, values: Tensor, mask: Tensor) -> Tensor:
            return self.root(self.attention(values, values, values, attn_mask=mask)[0])

    mask = torch.full((6, 6), float("-inf")).triu(1)
    assert named(look(Asks(), torch.randn(2, 6, 4), mask))[:2] == ("backward", "root")
    mask[2] = float("-inf")
    assert named(look(Asks(), torch.randn(2, 6, 4), mask))[:2] == ("forward", "attention")


def test_statistics_that_the_call_has_spoiled_are_not_blamed() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Log(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    kept = called(model, torch.randn(8, 4))
    assert model[2].running_mean.isnan().any()
    assert named(find_culprit(model, kept, 1)) == ("forward", "1", "log")


def test_statistics_that_were_spoiled_before_are_blamed() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model[1].running_var[2] = NAN
    model[1].eval()
    culprit = look(model, torch.randn(8, 4))
    assert (culprit.layer, culprit.parameter) == ("1", "running_var")


def test_a_missing_value_that_is_filled_in_is_no_culprit() -> None:
    class Fills(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return values.nan_to_num()

    batch = torch.randn(8, 4)
    batch[0, 0] = NAN
    model = nn.Sequential(Fills(), nn.Linear(4, 4), Root())
    assert named(look(model, batch))[:2] == ("backward", "2")


def test_a_loss_within_the_model_is_the_models_own() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, values: Tensor) -> dict[str, Tensor]:
            scores = self.linear(values)
            return {"loss": (scores * 0).square().sum().sqrt(), "scores": scores}

    culprit = look(Own(), torch.randn(8, 4), loss=lambda out: out["loss"])
    assert (*named(culprit), culprit.kind) == ("backward", "", "sqrt", "Own")


def test_the_trail_has_the_layers_that_ran_before() -> None:
    model = net(Log())
    assert [(path, kind) for path, kind, *_ in look(model, torch.randn(16, 8)).trail] == [
        ("0", "Linear"),
        ("1", "BatchNorm1d"),
        ("2", "ReLU"),
    ]
    assert [path for path, *_ in look(net(Root()), torch.randn(16, 8)).trail] == ["0", "1", "2"]
    loss = look(net(nn.Identity()), torch.randn(16, 8), loss=lambda out: (out * 0).sum().sqrt())
    assert [path for path, *_ in loss.trail] == ["0", "1", "2", "3", "4", "5"]
    smallest, largest = loss.trail[2][2:]
    assert smallest == 0 < largest


def test_of_several_calls_in_a_step_the_one_that_went_wrong_is_found() -> None:
    class Picky(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return values.clamp_min(-5).add(5).log()

    model = nn.Sequential(Picky(), nn.Linear(8, 2))
    batches = [torch.randn(4, 8), torch.randn(4, 8) - 9, torch.randn(4, 8)]
    kept = [called(model, batch) for batch in batches]
    assert named(find_culprit(model, kept, 1)) == ("forward", "0", "log")
    assert find_culprit(model, kept[2:], 1).pass_ == "unknown"


def test_in_a_group_of_processes_the_model_is_run_without_its_wrapper(tmp_path: Path) -> None:
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        model = nn.parallel.DistributedDataParallel(net(Root()))
        assert named(look(model, torch.randn(16, 8)))[:2] == ("backward", "3")
    finally:
        torch.distributed.destroy_process_group()


def test_users_hooks_run_as_in_the_call() -> None:
    model = net(nn.Identity())
    model[3].register_forward_hook(lambda module, args, output: output.log())
    assert named(look(model, torch.randn(16, 8)))[:2] == ("forward", "3")


def test_only_the_part_that_is_trained_may_be_at_fault() -> None:
    model = net(Root())
    model[0].requires_grad_(False)
    model[1].requires_grad_(False)
    model[5].requires_grad_(False)
    assert look(model, torch.randn(16, 8).requires_grad_()).layer == "3"


@pytest.mark.parametrize("broken", [None, "args", "state"])
def test_it_never_raises(broken: str | None) -> None:
    model, kept = net(Root()), None
    if broken:
        kept = called(model, torch.randn(16, 8))
        kept.args = (object(),) if broken == "args" else kept.args
        kept.output_gradients = [torch.ones(3)] if broken == "state" else kept.output_gradients
    else:
        called(model, torch.randn(16, 8))
    culprit = find_culprit(model, kept, 3)
    assert (culprit.step, culprit.certain) == (3, False)
    assert (culprit.pass_, culprit.layer) == ("backward", "1")  # those of 5 are finite


@pytest.mark.parametrize(("fault", "bad"), [(Log(), ""), (Root(), ""), (nn.Identity(), "batch")])
def test_after_the_step_weights_are_not_blamed(fault: nn.Module, bad: str) -> None:
    model, batch = net(fault), torch.randn(16, 8)
    if bad:
        batch[0, 0] = NAN
    kept = called(model, batch)
    torch.optim.SGD(model.parameters(), 0.1).step()
    culprit = find_culprit(model, kept, 1)
    assert (culprit.pass_, culprit.certain) != ("parameter", True)
    assert not bad or culprit.pass_ == "input"


def test_a_model_on_no_device_has_no_culprit() -> None:
    model = nn.Linear(2, 2, device="meta")
    assert find_culprit(model, KeptCall((torch.ones(1, 2),), {}), 1).pass_ == "unknown"


def test_gradients_alone_tell_the_layer_behind_which_all_are_finite() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Linear(2, 2))
    some = told_by_gradients(model, ["module.0.weight", "0.bias", "2.weight"], 5)
    assert (some.pass_, some.layer, some.kind, some.certain) == ("backward", "2", "Linear", False)
    names = [name for name, _ in model.named_parameters()]
    assert told_by_gradients(model, names, 5).pass_ == "unknown"
