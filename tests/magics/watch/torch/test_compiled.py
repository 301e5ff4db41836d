"""Compiled models are measured without being compiled again."""

from __future__ import annotations

import pytest
import torch
import torch._dynamo
from torch import nn

from dlmagic.frameworks.torch import _compat as compat
from tests.magics.watch.torch.training import has_row, row, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


# Dynamo's own doing with a part of a model.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")


class Part(nn.Sequential):
    """A model of the user's own, which PyTorch compiles when it is called."""

    def forward(self, x):
        for layer in self:
            x = layer(x)
        return x


def plain():
    torch.manual_seed(0)
    return Part(nn.Linear(6, 8), nn.ReLU(), Part(nn.Linear(8, 3)))


def wrapped(backend):
    model = torch.compile(plain(), backend=backend)
    return model, model


def in_place(backend):
    model = plain()
    model.compile(backend=backend)
    return model, model


def a_part(backend):
    model = plain()
    model[2] = torch.compile(model[2], backend=backend)
    return model, model


def a_part_in_place(backend):
    model = plain()
    model[2].compile(backend=backend)
    return model, model


def inner_is_watched(backend):
    model = plain()
    return model, torch.compile(model, backend=backend)


def compilations():
    return sum(compat.compilations_per_frame())


MAKERS = [wrapped, in_place, a_part, a_part_in_place, inner_is_watched]


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("early", [True, False])
def test_measuring_compiles_nothing_again(make, backend, early):
    model, called = make(backend)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    if not early:
        step(called, optimizer, BATCH)
        step(called, optimizer, BATCH)
    with watching(model, every=3) as (watcher, listening):
        for _ in range(5):  # the first steps compile, as they would without us
            step(called, optimizer, BATCH)
        compiled = compilations()
        for _ in range(10):
            step(called, optimizer, BATCH)
        assert compilations() == compiled
        samples = watcher.take()
        assert "without torch.compile" in " ".join(watcher.notes()) or make is inner_is_watched
    assert listening.steps == list(range(1, 16))
    assert compiled > 0
    for _ in range(3):
        step(called, optimizer, BATCH)
    assert compilations() == compiled
    last = samples[-1]
    assert row(last, "0", "activation")["total"] == 128
    assert has_row(last, "0", "activation-gradient")
    assert has_row(last, "2.0", "activation")
    assert row(last, "2.0", "gradient", "weight")["norm"] > 0


@pytest.mark.parametrize("make", MAKERS)
def test_watching_compiles_no_more_than_the_training_itself(make):
    model, called = make("eager")
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(6):
        step(called, optimizer, BATCH)
    alone = compilations()
    torch._dynamo.reset()
    model, called = make("eager")
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = compilations()
    with watching(model, every=2):
        for _ in range(6):
            step(called, optimizer, BATCH)
    # Hooks of a model inside a compiled one are seen by the compiler, once for each of them.
    assert compilations() - before <= alone + 2 * (make is inner_is_watched)


def test_compiling_a_watched_model_in_place_is_right_too():
    model = plain()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, listening):
        step(model, optimizer, BATCH)
        model.compile(backend="eager")
        for _ in range(3):
            step(model, optimizer, BATCH)
        assert len(watcher.take()) >= 3
    assert listening.steps == [1, 2, 3, 4]


def test_the_compiled_call_is_put_back():
    model = plain()
    model.compile(backend="eager")
    before = compat.compiled_call(model)
    with watching(model):
        assert compat.compiled_call(model) is not before
    assert compat.compiled_call(model) is before


def test_compiled_code_runs_again_after_a_failed_call():
    model = plain()
    compiled = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(compiled):
        with pytest.raises(RuntimeError):
            compiled(torch.ones(2, 5))
        step(compiled, optimizer, BATCH)
    before = compilations()
    compiled(BATCH)
    assert compilations() > before


class Interrupted(nn.Module):
    """Is interrupted by the user when it is first called."""

    def __init__(self):
        super().__init__()
        self.called = False

    def forward(self, x):
        if not self.called:
            self.called = True
            raise KeyboardInterrupt
        return x


def interrupted():
    compiled = torch.compile(nn.Sequential(plain(), Interrupted()), backend="eager")
    return compiled, torch.optim.SGD(compiled.parameters(), 0.1)


def assert_is_compiled(model):
    before = compilations()
    model(BATCH)
    assert compilations() > before


def test_compiled_code_runs_again_one_step_after_an_interrupted_call():
    compiled, optimizer = interrupted()
    with watching(compiled, every=1000):
        with pytest.raises(KeyboardInterrupt):
            compiled(BATCH)
        step(compiled, optimizer, BATCH)
        assert_is_compiled(compiled)


def test_compiled_code_runs_again_after_watching_ended_with_an_interrupted_call():
    compiled, _ = interrupted()
    with watching(compiled, every=1000), pytest.raises(KeyboardInterrupt):
        compiled(BATCH)
    assert_is_compiled(compiled)
