"""What needs an NVIDIA GPU: CUDA graphs, state on the device, its memory and energy."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dlmagic import bench
from dlmagic.cell.function import compile_cell
from dlmagic.cell.snapshot import take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.torch import cuda
from dlmagic.frameworks.torch.adapter import TorchFramework

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]

STEP = """optimizer.zero_grad()
loss = model(x).square().mean()
loss.backward()
optimizer.step()
loss
"""


class Cell:
    """A cell on the GPU with its starting state."""

    def __init__(self, text, **names):
        namespace = {"__name__": "__main__", "__builtins__": __builtins__, **names}
        self.framework = TorchFramework()
        self.cell = compile_cell(CellSource.from_text(text), namespace)
        self.cell.define()
        self.snapshot = take_snapshot(
            namespace, self.cell.reads, frameworks=(self.framework,), cell_text=text
        )

    def prepare(self, mode):
        arguments = dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))
        return self.framework.prepare(mode, self.cell, arguments, self.run_once)

    def run_once(self, replaced):
        try:
            return self.cell.function(*self.cell.arguments())
        finally:
            self.snapshot.restore()

    def call(self, prepared):
        with prepared.active():
            returned = prepared.function(*self.cell.arguments())
        self.framework.synchronise()
        outputs, last = self.cell.split(returned)
        return last if last is not None else outputs


@pytest.fixture(params=[False, True], ids=["fresh optimizer", "used optimizer"])
def step(request):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 1)).cuda()
    optimizer = torch.optim.Adam(model.parameters(), capturable=True)
    x = torch.randn(32, 64, device="cuda")
    if request.param:
        model(x).sum().backward()
        optimizer.step()
    return Cell(STEP, model=model, optimizer=optimizer, x=x)


def outcome(step, prepared):
    loss = step.call(prepared).detach().clone()
    model = step.cell.namespace["model"]
    found = [loss, *(p.detach().clone() for p in model.parameters())]
    found += [p.grad.clone() for p in model.parameters()]
    step.snapshot.restore()
    return found


def test_a_captured_training_step_does_what_eager_does(step):
    with step.snapshot.copying_first_writes():
        step.call(step.prepare("eager"))
    step.snapshot.restore()
    reference = outcome(step, step.prepare("eager"))
    captured = step.prepare("cudagraph")
    for _ in range(3):
        torch.testing.assert_close(outcome(step, captured), reference)


def test_reading_a_value_while_capturing_is_explained():
    cell = Cell("y = x.sum().item()", x=torch.ones(4, device="cuda"))
    with pytest.raises(ModeUnavailable, match=r"reads a tensor's value while it is captured"):
        cell.call(cell.prepare("cudagraph"))


def test_after_a_capture_that_failed_the_device_is_as_before():
    x = torch.ones(4, device="cuda")
    torch.cuda.manual_seed(0)
    expected = torch.rand(4, device="cuda")
    torch.cuda.manual_seed(0)
    cell = Cell("y = (x * torch.rand_like(x)).sum().item()", x=x, torch=torch)
    with pytest.raises(ModeUnavailable):
        cell.call(cell.prepare("cudagraph"))
    cell.snapshot.restore()
    assert torch.equal(torch.rand(4, device="cuda"), expected)
    large = torch.ones(1 << 26, device="cuda")
    before = torch.cuda.memory_reserved()
    del large
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() <= before - (1 << 28)
    again = Cell("y = x * torch.rand_like(x)", x=x, torch=torch)
    assert again.call(again.prepare("cudagraph"))


def test_a_training_step_is_captured_in_a_benchmark():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 1)).cuda()
    optimizer = torch.optim.Adam(model.parameters(), capturable=True)
    names = {"model": model, "optimizer": optimizer, "x": torch.randn(32, 64, device="cuda")}
    found = bench(STEP, namespace=names, modes=["eager", "cudagraph"], time=0.3)
    assert found["cudagraph"].status == "ok", found["cudagraph"].reason
    assert found["cudagraph"].agreement is not None


def test_a_loss_of_before_is_no_hindrance_to_a_capture_or_is_named():
    model = nn.Linear(8, 8).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    names = {"model": model, "optimizer": optimizer, "x": torch.randn(4, 8, device="cuda")}
    exec(STEP, names)
    found = bench(STEP, namespace=names, modes=["eager", "cudagraph"], time=0.2)["cudagraph"]
    assert found.status == "ok" or "del loss first" in found.reason, found.reason
    assert bool(torch.isfinite(torch.rand(1, device="cuda")))


def test_a_cell_on_the_cpu_has_nothing_to_capture():
    cell = Cell("y = x * 2", x=torch.ones(4))
    with pytest.raises(ModeUnavailable, match="this cell reads none"):
        cell.prepare("cudagraph")


def test_generators_and_large_tensors_on_the_device_come_back():
    x = torch.zeros(1 << 20, device="cuda")
    cell = Cell("x += torch.rand_like(x)", x=x, torch=torch)
    with cell.snapshot.copying_first_writes():
        cell.call(cell.prepare("eager"))
    first = x.clone()
    cell.snapshot.restore()
    assert x.sum().item() == 0
    cell.call(cell.prepare("eager"))
    assert torch.equal(x, first)


def costs_of(text, **options):
    names = {"torch": torch, "__name__": "__main__"}
    return bench(text, namespace=names, modes=["eager"], time=0.3, **options)["eager"]


def test_a_planted_transient_is_found_by_the_allocator():
    size = 256 * 2**20
    arm = costs_of(f"y = torch.ones({size // 4}, device='cuda').sum()", memory=True)
    assert arm.memory_source == "CUDA allocator"
    assert arm.peak_memory == pytest.approx(size, rel=0.02)
    assert arm.peak_reserved >= arm.peak_memory


def test_energy_per_call_is_that_of_a_board_under_load():
    text = "x = torch.ones(4096, 4096, device='cuda')\ny = x @ x"
    arm = costs_of(text, energy=True)
    assert 20 < arm.energy / arm.median < 1500  # watts


def test_a_large_product_comes_near_the_roofline_and_not_beyond():
    text = "x = torch.ones(8192, 8192, device='cuda', dtype=torch.bfloat16)\ny = x @ x"
    arm = costs_of(text, flops=True)
    assert arm.flops == 2 * 8192**3
    assert 0.5 < arm.roofline_share <= 1


def test_the_cache_of_the_device_is_flushed_before_every_call():
    arm = costs_of("y = torch.ones(1 << 18, device='cuda').sum()", cold=True)
    assert arm.calls == 1
    assert cuda.cache_flusher() is not None
