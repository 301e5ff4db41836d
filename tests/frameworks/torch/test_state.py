"""Tensors come back in place: same object, same storage, same gradient, same counters."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import StateError
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.frameworks.torch.storage import COPIED_AT_ONCE, SavedStorage

BIG = COPIED_AT_ONCE // 4 + 1  # float32 elements, one more than is copied at once


class Saves:
    """Everything behind some values, saved as a snapshot does."""

    def __init__(self, *values):
        self.torch = TorchFramework()
        self.parts, seen, waiting = [], {}, list(values)
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = value
            saved = self.torch.save(value)
            if saved is not None:
                self.parts.append(saved)
                waiting.extend(child for _, child in saved.children())

    def watching(self):
        return self.torch.first_writes(self.parts, "")

    def restore(self):
        for part in self.parts:
            part.restore()

    def changed(self):
        return any(part.changed() for part in self.parts)

    @property
    def storages(self):
        return [part for part in self.parts if isinstance(part, SavedStorage)]

    @property
    def copied(self):
        return sum(part.copy is not None for part in self.storages)


CHANGES = {
    "in place": lambda t: t.add_(1),
    "data": lambda t: t.data.mul_(3),
    "numpy view": lambda t: t.numpy().fill(7),
    "array": lambda t: np.asarray(t).fill(7),
    "out": lambda t: torch.add(t, 1, out=t),
    "index": lambda t: t.__setitem__(0, 9),
    "swap of data": lambda t: setattr(t, "data", torch.zeros(2, 2)),
    "type": lambda t: setattr(t, "data", t.data.double()),
    "resize": lambda t: t.resize_(100, 100),
    "transpose": lambda t: t.t_(),
    "set": lambda t: t.set_(torch.ones(5)),
    "attribute": lambda t: setattr(t, "note", "seen"),
    "requires grad": lambda t: t.requires_grad_(),
    "foreach": lambda t: torch._foreach_mul_([t], 2.0),
    "inference mode": lambda t: torch.inference_mode()(lambda: t.add_(1))(),
}


@pytest.mark.parametrize("size", [(3, 4), (1, BIG)], ids=["small", "large"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_comes_back(change, size):
    torch.manual_seed(0)
    tensor = torch.rand(size)
    expected, storage = tensor.clone(), tensor.untyped_storage()
    version, stride = tensor._version, tensor.stride()
    saves = Saves(tensor)
    with saves.watching():
        change(tensor)
    assert saves.changed()
    saves.restore()
    assert torch.equal(tensor, expected)
    assert tensor.untyped_storage() is storage
    assert tensor.stride() == stride
    assert tensor._version == version
    assert not tensor.requires_grad
    assert vars(tensor) == {}
    assert not saves.changed()


def test_a_large_tensor_that_is_only_read_is_never_copied():
    read, written = torch.rand(64 << 18), torch.rand(BIG)  # 64 MiB
    saves = Saves(read, written)
    with saves.watching():
        (read * 2).sum()
        torch.mean(read, dim=0, keepdim=True)
        read.view(8, -1)[3]
        written.mul_(2)
    copies = {part.size: part.copy for part in saves.storages}
    assert copies[64 << 20] is None
    assert copies[written.nbytes] is not None


@pytest.mark.parametrize("size", [4, BIG], ids=["small", "large"])
@pytest.mark.parametrize("tensor_first", [True, False], ids=["numpy()", "from_numpy"])
def test_memory_shared_with_numpy_comes_back_for_both(bench, size, tensor_first):
    if tensor_first:
        tensor = torch.zeros(size)
        array = tensor.numpy()
    else:
        array = np.zeros(size, dtype=np.float32)
        tensor = torch.from_numpy(array)
    cell = bench("part[0] = 5\ntensor.add_(1)", part=array[1:], tensor=tensor)
    with cell.snapshot.copying_first_writes():
        cell.run()
    assert array[1] == 6
    cell.snapshot.restore()
    assert not array.any()
    assert not tensor.any()


def test_views_share_one_saved_storage():
    base = torch.arange(12.0).reshape(3, 4)
    row, column = base[1], base[:, 2]
    saves = Saves(base, row, column)
    assert len(saves.storages) == 1
    with saves.watching():
        column.zero_()
    saves.restore()
    assert torch.equal(base, torch.arange(12.0).reshape(3, 4))
    assert row.data_ptr() == base.data_ptr() + 16


def test_gradients_keep_their_identity():
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.full((3,), 5.0)
    grad = weight.grad
    saves = Saves(weight)
    weight.grad = None
    (weight * 2).sum().backward()
    assert weight.grad is not grad
    saves.restore()
    assert weight.grad is grad
    assert grad.tolist() == [5, 5, 5]


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("size", [8, 600], ids=["small", "large"])
def test_a_training_step_is_undone(size, foreach):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(size, size), nn.BatchNorm1d(size), nn.Linear(size, 2))
    optimizer = torch.optim.Adam(model.parameters(), foreach=foreach)

    def step():
        optimizer.zero_grad()
        model(torch.ones(4, size)).sum().backward()
        optimizer.step()

    step()
    state = [t for p in model.parameters() for t in optimizer.state[p].values()]
    tensors = [*model.parameters(), *model.buffers(), *state]
    before = [t.detach().clone() for t in tensors]
    grads = [p.grad for p in model.parameters()]
    saves = Saves(*tensors)
    with saves.watching():
        step()
    for _ in range(2):
        step()
        saves.restore()
        assert all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True))
        assert all(p.grad is g for p, g in zip(model.parameters(), grads, strict=True))


@pytest.mark.alone
@pytest.mark.prove
def test_putting_a_training_step_back_costs_at_most_twice_the_copying(bench):
    model = nn.Sequential(*(nn.Linear(1000, 1000) for _ in range(10)))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(8, 1000)).sum().backward()
    optimizer.step()
    text = "optimizer.zero_grad()\nmodel(x).sum().backward()\noptimizer.step()"
    cell = bench(text, model=model, optimizer=optimizer, x=torch.ones(8, 1000))
    with cell.snapshot.copying_first_writes():
        cell.run()
    cell.snapshot.restore()
    parts = [part for reached in cell.snapshot.reached for part in reached.saved]
    copies = [part.copy for part in parts if getattr(part, "copy", None) is not None]
    targets = [copy.clone() for copy in copies]

    def copying():
        for target, copy in zip(targets, copies, strict=True):
            target.copy_(copy)

    assert fastest(cell.snapshot.restore, cell.run) <= 2 * fastest(copying)


def fastest(timed, before=lambda: None):
    seconds = []
    for _ in range(15):
        before()
        start = time.perf_counter()
        timed()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def test_a_graph_that_saved_a_tensor_earlier_stays_valid():
    x, w = torch.ones(3, requires_grad=True), torch.full((3,), 2.0)
    product = (x * w).sum()
    saves = Saves(w)
    w.add_(1)
    saves.restore()
    product.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_a_leaf_that_joined_a_graph_is_a_leaf_again():
    x, w = torch.ones(3), torch.ones(3, requires_grad=True)
    saves = Saves(x)
    x.mul_(w)
    assert x.grad_fn is not None
    saves.restore()
    assert x.is_leaf
    assert not x.requires_grad


def test_a_graph_rebuilt_in_place_cannot_be_undone():
    w = torch.ones(3, requires_grad=True)
    x = w * 2
    saves = Saves(x)
    x.mul_(w)
    with pytest.raises(StateError, match="autograd graph"):
        saves.restore()


def test_hooks_of_the_cell_are_removed():
    weight = nn.Parameter(torch.ones(2))
    saves = Saves(weight)
    called = []
    weight.register_hook(called.append)
    saves.restore()
    weight.sum().backward()
    assert called == []


def test_a_lazy_parameter_is_lazy_again():
    module = nn.LazyLinear(3)
    weight = module.weight
    saves = Saves(weight)
    module(torch.ones(2, 5))
    saves.restore()
    assert module.weight is weight
    assert isinstance(weight, nn.parameter.UninitializedParameter)


def test_a_shape_that_an_earlier_state_took_comes_back():
    module = nn.LazyLinear(3)
    before = Saves(module.weight)
    module(torch.ones(2, 5))
    after = Saves(module.weight)
    values = module.weight.detach().clone()
    before.restore()
    after.restore()
    assert type(module.weight) is nn.Parameter
    assert torch.equal(module.weight, values)


def test_what_hangs_on_a_sparse_tensor_comes_back():
    tensor = torch.eye(3).to_sparse().requires_grad_()
    saves = Saves(tensor)
    tensor.note = "mine"
    tensor.register_hook(lambda grad: grad)
    with torch.no_grad():
        tensor.mul_(2)
    tensor.requires_grad_(False)
    saves.restore()
    assert not hasattr(tensor, "note")
    assert tensor._backward_hooks is None
    assert tensor.requires_grad
    assert tensor._version == 0


@pytest.mark.filterwarnings("ignore:.*prototype stage.*", "ignore:Sparse .*", "ignore:.*deprec.*")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.eye(3).to_sparse_csr(),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        lambda: torch.ones(3, dtype=torch.complex64),
        lambda: torch.ones(3, dtype=torch.bfloat16),
    ],
    ids=["coo", "csr", "nested", "jagged", "complex", "bfloat16"],
)
def test_other_layouts_come_back(make):
    tensor = make()
    saves = Saves(tensor)
    tensor.mul_(2)
    saves.restore()
    numbers = tensor.values() if tensor.layout in (torch.sparse_csr, torch.jagged) else tensor
    if tensor.layout == torch.sparse_coo:
        numbers = tensor.coalesce().values()
    if tensor.is_nested and tensor.layout == torch.strided:
        numbers = torch.cat(list(tensor.unbind()))
    assert torch.equal(numbers, torch.ones_like(numbers))


def test_meta_tensors_have_nothing_to_save():
    saves = Saves(torch.ones(BIG, device="meta"))
    with saves.watching():
        saves.restore()
    assert saves.copied == 0


def test_a_write_that_the_first_run_did_not_make_is_named():
    tensor = torch.ones(BIG)
    saves = Saves(tensor)
    with saves.watching():
        tensor.sum()
    tensor.add_(1)
    with pytest.raises(StateError, match="later run"):
        saves.restore()


def test_a_generator_is_wound_back():
    generator = torch.Generator().manual_seed(1)
    saves = Saves(generator)
    first = torch.rand(3, generator=generator)
    saves.restore()
    assert torch.equal(torch.rand(3, generator=generator), first)


def test_a_view_whose_graph_pytorch_does_not_tell_comes_back_with_what_it_looks_at():
    weight = nn.Linear(3, 2).weight
    with torch.no_grad():
        row = weight[0]
        row.fill_(1)
    saves = Saves(weight, row)
    with torch.no_grad():
        weight.fill_(5)
    assert saves.changed()
    saves.restore()
    assert row.detach().tolist() == weight[0].tolist() == [1, 1, 1]
