"""``%summary`` of models of PyTorch: what it takes, what it leaves as it was, what it refuses."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from dlmagic import summary
from dlmagic.errors import InputError, OptionError


class Branching(nn.Module):
    """Looks at numbers to decide, and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.seen: list[Tensor] = []
        self.count = 0

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.seen.append(x)
        return self.a(x) if x.sum() > 0 else self.b(x)


def noisy() -> nn.Sequential:
    """A model that draws random numbers and keeps statistics."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten()
    )


@pytest.mark.parametrize("given", [(2, 1, 6, 6), "real"])
def test_nothing_of_the_model_changes(given: Any) -> None:
    model = noisy()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    x = -torch.ones(2, 1, 6, 6) if given == "real" else given
    versions = [each._version for each in model.parameters()]
    summary(model, x)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model[0].weight.grad.eq(1).all()
    assert all(each.grad is None for each in (*model[1].parameters(), model[0].bias))
    assert [each._version for each in model.parameters()] == versions
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert model.training
    if given == "real":
        assert x.eq(-1).all()


def test_what_a_model_remembers_is_put_back() -> None:
    model = Branching()
    for given in (torch.ones(2, 4), (2, 4)):
        found = summary(model, given)
        assert found.source == "run"
        assert (model.count, model.seen) == (0, [])
    assert any("DataDependentOutput" in note for note in found.notes)


def test_what_hooks_of_the_user_keep_is_put_back() -> None:
    kept: list[object] = []
    model = nn.Linear(3, 3)
    model.register_forward_hook(lambda _, __, result: kept.append(result))
    summary(model, torch.ones(2, 3))
    assert not kept
    assert len(model._forward_hooks) == 1


def test_parameters_that_nothing_uses_are_found() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(4, 4), nn.Linear(4, 2)
            self.table = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x) * self.table

    for given in ((2, 4), torch.ones(2, 4)):
        found = summary(Spare(), given)
        (finding,) = found.findings
        assert finding.kind == "unused-parameters"
        assert finding.operands == ("spare.weight", "spare.bias")
        assert finding.message.startswith("10 parameters are used by no layer call")
        assert found["spare"].remark == "not called"
        assert found["spare"].call == 0


def test_parameters_that_lie_in_the_same_memory_are_told_apart_from_unused_ones() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            memory = torch.ones(8)
            self.first = nn.Parameter(memory[:4])
            self.second = nn.Parameter(memory[4:])

        def forward(self, x: Tensor) -> Tensor:
            return x * self.first + self.second

    for given in ((2, 4), torch.ones(2, 4)):
        assert not summary(Flat(), given).findings


def test_a_layer_whose_weights_are_used_without_calling_it_is_no_finding() -> None:
    found = summary(nn.MultiheadAttention(8, 2), ((3, 1, 8), (3, 1, 8), (3, 1, 8)))
    assert not found.findings
    assert found["out_proj"].remark == "not called, weights used"


@dataclass
class Output:
    value: Tensor
    others: list[Tensor]


def test_outputs_of_every_kind_have_shapes() -> None:
    class Kinds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 5)

        def forward(self, x: Tensor, scale: float = 1.0) -> Output:
            y, state = self.rnn(x * scale)
            return Output(y, [state, y.argmax()])

    found = summary(Kinds(), {"x": torch.ones(4, 2, 3), "scale": 2.0})
    assert [(spec.shape, spec.dtype) for spec in found.rows[0].outputs] == [
        ((4, 2, 5), "float32"), ((1, 2, 5), "float32"), ((), "int64"),
    ]  # fmt: skip
    assert len(found["rnn"].outputs) == 2


def test_a_batch_of_a_loader_goes_without_its_labels() -> None:
    model = nn.Linear(3, 2)
    loader = DataLoader(TensorDataset(torch.ones(8, 3), torch.zeros(8)), 4, shuffle=True)
    state = torch.get_rng_state()
    for given in (loader, [torch.ones(4, 3), torch.zeros(4)]):
        found = summary(model, given, time=False)
        assert found.inputs[0].shape == (4, 3)
        assert any("forward() takes the first of them" in note for note in found.notes)
        assert found.repetitions == 0
    assert torch.equal(torch.get_rng_state(), state)


def test_an_embedding_takes_whole_numbers() -> None:
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    found = summary(model, "3,5")
    assert found.inputs[0].dtype == "int64"
    assert any("int64" in note for note in found.notes)
    assert summary(model, "3,5", dtype="int32").inputs[0].dtype == "int32"
    with pytest.raises(InputError, match=r"model\.0 \(Embedding\) refuses 3×5 float32"):
        summary(model, "3,5", dtype="float32")
    with pytest.raises(OptionError, match="Did you mean float16"):
        summary(model, "3,5", dtype="float17")


def test_a_refused_shape_names_the_layer_and_what_it_takes() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 4 * 4, 2))
    with pytest.raises(InputError, match=r"model\.0 .*2×1×6×6 float32: it takes batch×3 channels"):
        summary(model, (2, 1, 6, 6))
    with pytest.raises(InputError, match=r"model\.2 \(Linear\) refuses 2×144 float32: .* 64 feat"):
        summary(model, torch.ones(2, 3, 8, 8))
    large = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 1))
    with pytest.raises(
        InputError, match=r"1 \(Linear\) refuses 1000000000000×4 float32: .* 5 feat"
    ):
        summary(large, (10**12, 4))  # which no machine could run
    with pytest.raises(InputError, match=r"cannot be called with this input: .*'y'"):
        summary(Pair(), (2, 3))


class Pair(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


class WithoutForward(nn.Module):
    """As many a LightningModule, whose training_step() calls its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 2)


def test_a_model_without_forward_is_told_what_can_be_asked() -> None:
    with pytest.raises(InputError, match=r"has no forward\(\)") as caught:
        summary(WithoutForward(), (3, 4))
    assert "Ask without an input for its parameters" in str(caught.value)
    found = summary(WithoutForward())
    assert found.parameters == 10
    assert found.notes[-1].endswith(
        "has no forward(), so it cannot be called with an input: its parts can be, as in "
        "%summary MODEL.encoder 32,…."
    )
    listed = summary(nn.ModuleList([nn.Linear(2, 2)]))
    assert listed.notes[-1].endswith("as in %summary MODEL[0] 32,….")


def test_lightnings_own_forward_is_none() -> None:
    lightning = pytest.importorskip("lightning")

    class Lit(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(4, 2)

    class WithForward(Lit):
        def forward(self, x: Tensor) -> Tensor:
            return self.encoder(x)

    assert "has no forward()" in summary(Lit()).notes[-1]
    assert summary(WithForward()).notes[-1].startswith("No input was given")


def test_numbers_may_be_refused_where_shapes_are_not() -> None:
    words = nn.Sequential(nn.Embedding(10, 4))
    with pytest.raises(InputError, match=r"words\.0 \(Embedding\) refuses .* below 10"):
        summary(words, torch.tensor([[3, 12]]))


def test_what_cannot_be_differentiated_has_times_forward() -> None:
    class Rounded(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.round()

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:
            raise NotImplementedError

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Any:
            return Rounded.apply(self.layer(x))  # type: ignore[no-untyped-call]

    found = summary(Model(), torch.ones(2, 3))
    assert (found["layer"].forward_seconds or 0) > 0
    assert found.backward_seconds is None
    assert found.flops_backward is None


def test_an_error_of_the_users_stays_theirs_with_the_layer_named() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("mine")

    model = nn.Sequential(nn.Linear(2, 3), Broken())
    with pytest.raises(KeyError, match="mine") as caught:
        summary(model, torch.ones(1, 2))
    assert caught.value.__notes__ == [
        "This happened in model.1 (Broken), which was given 1×3 float32."
    ]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_an_interrupt_leaves_nothing_behind() -> None:
    class Interrupted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(3)

        def forward(self, x: Tensor) -> Tensor:
            y = self.norm(x)
            if y.sum() > 1e9:
                return y
            raise KeyboardInterrupt

    model = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        summary(model, torch.rand(4, 3))
    assert model.norm.num_batches_tracked == 0
    assert model.norm.running_mean.eq(0).all()
    assert not model.norm._forward_hooks
    assert not model._forward_hooks


def test_a_model_without_numbers_has_shapes() -> None:
    model = nn.Linear(4, 2, device="meta")
    for given in ((3, 4), torch.ones(3, 4)):
        found = summary(model, given)
        assert (found.flops, found.device, found.repetitions) == (2 * 3 * 4 * 2, "meta", 0)
    with pytest.raises(InputError, match="it takes 4 features"):
        summary(model, (3, 5))


def test_a_lazy_model_is_not_initialised() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    found = summary(model, (4, 5))
    assert found.source == "parameters"
    assert any("Parameters of 0 get their shapes" in note for note in found.notes)
    assert isinstance(model[0], nn.LazyLinear)


def test_wrappers_are_looked_into(tmp_path: Path) -> None:
    plain = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    compiled = torch.compile(plain, backend="eager")
    half = nn.Sequential(nn.Linear(3, 3), torch.compile(nn.Linear(3, 3), backend="eager"))
    compiled(torch.ones(1, 3))
    for model, paths in ((compiled, ["", "0", "1"]), (half, ["", "0", "1"])):
        found = summary(model, torch.ones(2, 3))
        assert [row.layer for row in found.rows] == paths
        assert "_orig_mod" not in repr(found)
    moved = nn.DataParallel(copy.deepcopy(plain))  # to the first GPU, if there is one
    assert summary(moved, (2, 3)).kind == "Sequential"
    with process_group(tmp_path):
        spread = nn.parallel.DistributedDataParallel(plain)
        found = summary(spread, torch.ones(2, 3))
    assert any("DistributedDataParallel" in note for note in found.notes)


class process_group:  # noqa: N801 - a context manager
    """A group of one process."""

    def __init__(self, folder: Path) -> None:
        self.store = torch.distributed.FileStore(str(folder / "store"), 1)

    def __enter__(self) -> None:
        torch.distributed.init_process_group("gloo", store=self.store, rank=0, world_size=1)

    def __exit__(self, *_: object) -> None:
        torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
def test_a_scripted_model_shows_its_parameters() -> None:
    found = summary(torch.jit.script(nn.Sequential(nn.Linear(3, 2))), torch.ones(1, 3))
    assert (found.parameters, found.kind) == (8, "Sequential")
    assert any("TorchScript" in note for note in found.notes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("given", [(5, 4), None])
def test_weights_that_are_packed_are_said_to_be_left_out(given: Any) -> None:
    plain = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    model = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
    found = summary(model) if given is None else summary(model, torch.ones(given))
    (note,) = (each for each in found.notes if "packed" in each)
    assert note.startswith("The weights of 0 and 2 are packed for quantised products: they are not")
    assert found.flops is None
    assert not any("packed" in each for each in summary(plain, (5, 4)).notes)


def test_what_runs_again_in_the_backward_pass_is_one_call() -> None:
    class Saving(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Any:
            return self.b(checkpoint(self.a, x, use_reentrant=False))

    found = summary(Saving(), torch.ones(2, 4))
    assert [row.layer for row in found.rows] == ["", "a", "b"]
    assert found.repetitions > 0


def test_times_are_of_each_call_and_nobodys_gradients_are_touched() -> None:
    class Slow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.small, self.large = nn.Linear(256, 4), nn.Linear(256, 2048)

        def forward(self, x: Tensor) -> Tensor:
            return self.small(x).sum() + self.large(x).sum()

    model = Slow()
    found = summary(model, torch.ones(512, 256, requires_grad=True))
    small, large, whole = found["small"], found["large"], found.rows[0]
    assert (large.forward_seconds or 0) > (small.forward_seconds or 0)
    assert (large.backward_seconds or 0) > (small.backward_seconds or 0)
    assert (whole.forward_seconds or 0) > (large.forward_seconds or 0)
    assert (whole.backward_seconds or 0) > (large.backward_seconds or 0)
    assert all(each.grad is None for each in model.parameters())


def test_a_model_of_transformers_from_its_configuration() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        n_layer=2, n_head=2, n_embd=16, vocab_size=50, n_positions=32,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    found = summary(model, {"input_ids": torch.ones(2, 8, dtype=torch.int64)})
    assert found.parameters == model.num_parameters()
    assert sum(row.counted for row in found.rows) == found.parameters
    # Per layer 12 d² products of weights and 2 n d of attention for each word, then the words.
    by_hand = 2 * 2 * 8 * (2 * (12 * 16 * 16 + 2 * 8 * 16) + 16 * 50)
    assert found.flops == by_hand
    assert not found.findings


def test_a_model_that_calls_other_layers_in_every_run_has_no_times() -> None:
    class Fickle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) if torch.rand(()) < 0.5 else self.b(x)

    torch.manual_seed(0)
    found = summary(Fickle(), torch.ones(1, 2))
    assert found.repetitions == 0
    assert any("calls other layers" in note for note in found.notes)
