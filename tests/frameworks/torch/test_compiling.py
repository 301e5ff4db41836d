"""The modes on the CPU, with the cheap backend: what runs, what is counted, what is undone."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import torch
from torch import nn

from dlmagic.errors import ModeError, ModeUnavailable
from dlmagic.frameworks.torch.adapter import MODES, TorchFramework


@pytest.fixture
def step(bench):
    """A training step with its parts."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    text = (
        "optimizer.zero_grad()\n"
        "loss = model(x).square().mean()\n"
        "loss.backward()\n"
        "optimizer.step()\n"
        "loss.detach()"
    )
    return bench(text, model=model, optimizer=optimizer, x=torch.randn(16, 4))


def outcome(step, mode):
    model = step.arguments["model"]
    with step.snapshot.copying_first_writes():
        result = step.call(step.prepare(mode))[""]
    grads = [p.grad.clone() for p in model.parameters()]
    weights = [p.detach().clone() for p in model.parameters()]
    step.snapshot.restore()
    return result, grads, weights


@pytest.mark.parametrize("mode", ["compile", "compile:reduce-overhead", "trace", "script"])
def test_a_training_step_gives_the_same_in_every_mode(step, mode):
    model = step.arguments["model"]
    start = [p.detach().clone() for p in model.parameters()]
    reference, other = outcome(step, "eager"), outcome(step, mode)
    torch.testing.assert_close(other, reference)
    assert any(not torch.equal(a, b) for a, b in zip(start, reference[2], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(start, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("mode", ["compile", "trace", "script"])
def test_a_prepared_mode_survives_that_the_state_is_put_back(step, mode):
    prepared = step.prepare(mode)
    first = step.call(prepared)[""]
    step.snapshot.restore()
    before = step.framework.events()
    assert torch.equal(step.call(prepared)[""], first)
    assert step.framework.events() == before
    step.snapshot.restore()


def test_cudagraph_needs_a_device(step):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ModeUnavailable, match="needs a CUDA device"):
        step.prepare("cudagraph")


def test_an_unknown_mode_offers_the_nearest(step):
    with pytest.raises(ModeError, match="Did you mean compile:max-autotune"):
        step.prepare("compile:max-autotun")


def test_the_reference_is_first_and_eager_and_compile_are_the_default():
    assert [mode.name for mode in MODES if mode.default] == ["eager", "compile"]
    assert MODES[0].name == "eager"


def test_eager_is_eager_even_for_a_compiled_model(bench):
    compiled_with = []

    def backend(graph, inputs):
        compiled_with.append(graph)
        return graph

    model = torch.compile(nn.Linear(2, 2), backend=backend)
    cell = bench("model(x)", model=model, x=torch.ones(1, 2))
    eager = cell.call(cell.prepare("eager"))[""]
    assert compiled_with == []
    compiled = cell.call(cell.prepare("compile"))[""]
    assert compiled_with == []  # the mode's own backend, not the user's
    torch.testing.assert_close(eager, compiled)
    model(torch.ones(1, 2))
    assert len(compiled_with) == 1


def test_compiling_a_cell_leaves_the_users_compiled_functions_alone(bench):
    compilations = []

    def backend(graph, inputs):
        compilations.append(graph)
        return graph

    mine = torch.compile(lambda x: x + 1, backend=backend)
    mine(torch.ones(2))
    cell = bench("y = x * 2", x=torch.ones(2))
    cell.call(cell.prepare("compile"))
    mine(torch.ones(2))
    assert len(compilations) == 1


def test_what_was_compiled_of_a_cell_is_freed_with_it(bench):
    """Dynamo keeps it for ever, and names of its own among the user's."""
    cell = bench("y = x + 1", x=torch.ones(2))
    namespace = cell.cell.namespace
    prepared = cell.prepare("compile")
    cell.call(prepared)
    assert any(name.startswith("__compiled_fn") for name in namespace)
    del cell, prepared
    gc.collect()
    left = [name for name in namespace if name.startswith(("__compiled_fn", "__builtins_dict"))]
    assert left == []


OF_ONE_PROCESS = """
import builtins, torch
from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.torch.adapter import TorchFramework
namespace = {"__name__": "__main__", "__builtins__": builtins, "x": torch.ones(2)}
cell = compile_cell(CellSource.from_text("y = x + 1\\nprint(y)\\ny * 2"), namespace)
prepared = TorchFramework(backend="eager").prepare("compile", cell, namespace, None)
with prepared.active():
    prepared.function(namespace["x"])
assert any(name.startswith("__resume_at") for name in namespace)
namespace.clear()
"""


def test_nothing_is_said_when_a_process_ends_whose_shell_has_let_its_names_go():
    command = [sys.executable, "-c", OF_ONE_PROCESS]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "Exception ignored" not in done.stderr


def counted(bench, text, *calls, **names):
    """What Dynamo counts in further calls, after one, with other values each time."""
    cell = bench(text, **names)
    prepared = cell.prepare("compile")
    results = []
    for change in ({}, *calls):
        before = dict(cell.framework.events())
        values = {**cell.arguments, **change}
        gc.disable()  # as a benchmark does: JAX has a callback for it, which Dynamo would count
        try:
            with prepared.active():
                prepared.function(*(values[name] for name in cell.cell.parameters))
        finally:
            gc.enable()
        after = cell.framework.events()
        results.append({key: after[key] - before[key] for key in after if after[key] > before[key]})
    return results


def test_a_call_like_the_last_one_counts_nothing(bench):
    first, second = counted(bench, "y = x * 2", {}, x=torch.ones(3))
    assert first == {"compile": 1}
    assert second == {}


# Alone, because Dynamo counts each frame that it is shown: in a process with many other tests, one
# more was shown to it at times.
@pytest.mark.alone
def test_another_shape_is_a_recompilation(bench):
    _, second = counted(bench, "y = x - 2", {"x": torch.ones(4)}, x=torch.ones(3))
    assert second == {"compile": 1, "recompile": 1}


def test_another_python_number_is_a_recompilation(bench):
    _, second = counted(bench, "y = x * n", {"n": 3}, x=torch.ones(3), n=2)
    assert second == {"compile": 1, "recompile": 1}


@pytest.mark.parametrize(
    "text",
    ["y = x + 1\nprint('seen')\nz = y * 2", "if x.sum() > 0:\n    x = x + 1\ny = x * 2"],
    ids=["print", "branch on a value"],
)
def test_a_graph_break_is_counted_once(bench, text):
    first, second = counted(bench, text, {}, x=torch.ones(3))
    assert first["graph break"] == 1
    assert second == {}


def test_a_break_in_a_loop_falls_back_to_eager(bench):
    text = "for i in range(3):\n    x = x + 1\n    print('seen')"
    first, _ = counted(bench, text, {}, x=torch.ones(3))
    assert first["fallback to eager"] == 1


def test_the_recompile_limit_falls_back_to_eager(bench, caplog):
    limit = torch._dynamo.config.recompile_limit
    changes = [{"s": "a" * k} for k in range(1, limit + 2)]
    counts = counted(bench, "y = x + len(s)", *changes, x=torch.ones(3), s="")
    assert sum(count.get("fallback to eager", 0) for count in counts) == 1
    assert counts[-1] == {}


def test_a_lazily_compiled_backward_is_counted():
    framework = TorchFramework()
    square = torch.compile(lambda x: (x * x).sum(), backend="aot_eager")
    x = torch.ones(3, requires_grad=True)
    loss = square(x)
    before = framework.events()["compile"]
    loss.backward()
    assert framework.events()["compile"] == before + 1


def test_synchronising_starts_no_driver():
    TorchFramework().synchronise()
    assert not torch.cuda.is_initialized() or torch.cuda.is_available()


def test_a_failure_is_explained_at_the_users_line(bench):
    text = "y = x + 1\nz = torch.compile(f, backend='eager', fullgraph=True)(y)"

    def f(x):
        print("seen")  # noqa: T201 - what Dynamo breaks on
        return x

    cell = bench(text, x=torch.ones(2), torch=torch, f=f)
    with pytest.raises(Exception) as caught:
        cell.run()
    reason, line = cell.framework.explain_failure(caught.value, cell.cell.source.filename)
    assert "print" in reason
    assert line == 2
    assert cell.framework.explain_failure(ValueError("mine")) is None


def test_sizes_of_an_earlier_benchmark_do_not_make_the_next_one_general(bench):
    """Else a sweep would time its first value in fast code, and all others in slower code."""
    compiled = []

    def noting(graph, inputs):
        compiled.append([value for value in inputs if not isinstance(value, torch.Tensor)])
        return graph.forward

    model = nn.Linear(4, 4)
    for rows in (2, 3, 5):
        made = bench("model(x).sum()", model=model, x=torch.ones(rows, 4))
        made.framework = TorchFramework(backend=noting)
        prepared = made.prepare("compile")
        made.call(prepared)
        made.call(prepared)
    assert compiled == [[], [], []]  # no graph takes a size as an argument
