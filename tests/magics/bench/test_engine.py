"""The whole benchmark on real PyTorch and plain Python, mode by mode and slip by slip."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import (
    CellError,
    InputError,
    MissingPackageError,
    ModeError,
    OptionError,
    StateError,
)
from tests.magics.bench.conftest import Bench

STEP = """
optimizer.zero_grad()
loss = loss_of(model(inputs), targets)
loss.backward()
optimizer.step()
loss
"""


@pytest.fixture
def training(namespace: dict[str, object]) -> dict[str, object]:
    """A small training step, its optimiser still without buffers."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    namespace.update(
        model=model,
        optimizer=torch.optim.Adam(model.parameters()),
        loss_of=nn.CrossEntropyLoss(),
        inputs=torch.randn(32, 8),
        targets=torch.randint(0, 3, (32,)),
        torch=torch,
    )
    return namespace


def weights(namespace: dict[str, object]) -> dict[str, torch.Tensor]:
    model = namespace["model"]
    assert isinstance(model, nn.Module)
    return {name: value.clone() for name, value in model.state_dict().items()}


# What it answers


def test_python_is_timed(bench: Bench, namespace: dict[str, object]) -> None:
    namespace["values"] = [3, 1, 2]
    result = bench("ordered = sorted(values)\nordered[0]")
    arm = result["python"]
    assert arm.status == "ok"
    assert arm.verdict == "reference"
    assert 1e-8 < arm.median < 1e-3
    assert len(arm.samples) == result.rounds > 1
    assert "ordered" not in namespace


def test_a_training_step_in_eager_trace_and_script(bench: Bench, training) -> None:
    before = weights(training)
    result = bench(STEP, modes=("eager", "trace", "script"), seconds=1.5)
    for name in ("eager", "trace", "script"):
        assert result[name].status == "ok", result[name].reason
        assert result[name].agrees is True, result[name].agreement
    assert result["trace"].speedup_interval is not None
    assert result["trace"].compile_seconds > 0
    after = weights(training)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not training["optimizer"].state
    assert all(p.grad is None for p in training["model"].parameters())
    assert "loss" not in training


def test_compile_costs_are_told_apart_from_the_steady_state(bench: Bench, training) -> None:
    training["optimizer"] = torch.optim.SGD(training["model"].parameters())  # compiles quickly
    result = bench(STEP, modes=("eager", "compile"), seconds=0.5)
    arm = result["compile"]
    assert arm.status == "ok", arm.reason
    assert arm.agrees is True, arm.agreement
    assert arm.compile_seconds > 100 * arm.median
    assert not any(f.kind == "recompile" for f in arm.findings), arm.findings
    assert 0 < sum(arm.compile_phases.values()) <= arm.compile_seconds
    if arm.break_even_calls is not None:
        low, high = arm.break_even_interval
        assert low <= arm.break_even_calls <= high
        gained = result["eager"].median - arm.median
        assert arm.break_even_calls == pytest.approx(arm.compile_seconds / gained, rel=0.5)


def test_the_other_presets_of_compile_run_for_real(bench: Bench, training) -> None:
    modes = ("eager", "compile:reduce-overhead", "compile:max-autotune")
    result = bench("(inputs.relu() * 2) @ inputs.T", modes=modes, seconds=0.2)
    for name in modes:
        assert result[name].status == "ok", result[name].reason
        assert result[name].agrees is True, result[name].agreement
    assert result["compile:max-autotune"].compile_seconds > 0


def test_alternatives_are_compared_by_their_last_expression(bench: Bench, namespace) -> None:
    namespace["torch"] = torch
    result = bench(
        "a = torch.randn(4, 8, 8)\nb = torch.randn(4, 8, 8)\n"
        '# --- einsum\none = torch.einsum("bij,bjk->bik", a, b)\none\n'
        "# --- bmm\ntwo = torch.bmm(a, b)\ntwo\n"
        "# --- wrong\nthree = torch.bmm(a, b) * 1.01\nthree"
    )
    assert result.reference == "einsum"
    assert [arm.name for arm in result.arms] == ["einsum", "bmm", "wrong"]
    assert result["bmm"].agrees is True
    assert result["wrong"].agrees is False
    assert "last expression" in result["wrong"].agreement
    assert "a" not in namespace


@pytest.mark.parametrize(("gain", "agrees"), [(1, True), (2, False)])
def test_one_alternative_may_keep_its_state_and_another_return_it(
    bench: Bench, namespace: dict[str, object], gain: int, agrees: bool
) -> None:
    """A model that learns in place and a function that returns new weights do the same work."""
    namespace.update(weights=[0.5], gain=gain)
    result = bench(
        "# --- in-place\nweights[0] += 1\nweights[0]\n# --- returned\nnew = weights[0] + gain\nnew"
    )
    assert result["returned"].agrees is agrees
    assert namespace["weights"] == [0.5]


def test_alternatives_times_modes(bench: Bench, training) -> None:
    cell = "# --- net\nmodel(inputs)\n# --- twice\nmodel(inputs) * 1"
    result = bench(cell, modes=("eager", "trace"), seconds=0.3)
    names = ["net/eager", "net/trace", "twice/eager", "twice/trace"]
    assert [arm.name for arm in result.arms] == names
    assert result["twice/trace"].agrees is True


def test_a_cell_of_two_frameworks_is_timed_as_it_is_and_says_why(
    bench: Bench, namespace: dict[str, object]
) -> None:
    import jax.numpy as jnp

    namespace.update(a=torch.ones(3), b=jnp.ones(3))
    result = bench("float(a.sum()) + float(b.sum())")
    assert [arm.name for arm in result.arms] == ["plain"]
    assert any("computes with JAX and PyTorch, so only" in note for note in result.notes)


def test_the_settings_of_the_frameworks_are_recorded(
    bench: Bench, namespace: dict[str, object]
) -> None:
    namespace["x"] = torch.ones(3)
    result = bench("x * 2", modes=("eager",))
    assert result.environment is not None
    assert result.environment.settings["torch"]["default dtype"] == "torch.float32"
    assert type(result).from_json(result.to_json()) == result


def test_alternatives_do_not_see_each_others_definitions(bench: Bench, namespace) -> None:
    result = bench("# --- one\ndef f(): return 1\nf()\n# --- two\ndef f(): return 2\nf()")
    assert result["two"].agrees is False
    assert "f" not in namespace


def test_another_reference(bench: Bench, namespace) -> None:
    result = bench("# --- one\nsum(range(9))\n# --- two\nsum(range(9))", reference="two")
    assert result["two"].verdict == "reference"
    assert result["one"].speedup is not None


def test_random_cells_agree_under_equal_seeds(bench: Bench, training) -> None:
    result = bench("torch.dropout(inputs, 0.5, True) + torch.randn(1)", modes=("eager", "plain"))
    assert result["plain"].agrees is True


def test_a_mode_that_answers_otherwise_is_told(bench: Bench, training) -> None:
    # A trace keeps the branch that its example took; the counter then takes the other one.
    training["calls"] = [0]
    exec(
        "def net(x):\n    calls[0] += 1\n    return x * calls[0]\n",
        training,
    )
    result = bench("net(inputs)", modes=("eager", "trace"), seconds=0.2)
    assert result["trace"].agrees is False
    assert "calls" in result["trace"].agreement or "expression" in result["trace"].agreement
    assert training["calls"] == [0]


def test_no_check_compares_nothing(bench: Bench, training) -> None:
    result = bench("model(inputs)", modes=("eager", "trace"), check=False)
    assert result["trace"].agrees is None
    assert result["trace"].agreement == "not compared"


def test_keep_commits_one_run_of_the_reference(bench: Bench, namespace) -> None:
    namespace["items"] = [1]
    bench("items.append(2)\ncount = len(items)", keep=True)
    assert namespace["items"] == [1, 2]
    assert namespace["count"] == 2


def test_output_is_shown_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench("print('epoch')")
    assert capsys.readouterr().out == "epoch\n"


# What may not happen


def test_random_generators_and_settings_are_left_alone(bench: Bench, training) -> None:
    training.update(np=np, random=random)
    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()
    bench(
        "random.random(); np.random.rand(); torch.rand(1); torch.set_default_dtype(torch.float64)"
    )
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert torch.equal(torch.get_rng_state(), before[2])
    assert torch.get_default_dtype() == torch.float32


def test_the_users_error_is_the_users_own(bench: Bench, training) -> None:
    before = weights(training)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        bench("model[0].weight.data.zero_()\nmodel(inputs[:, :3])")
    lines = [entry.lineno + 1 for entry in caught.traceback if "<cell" in str(entry.path)]
    assert lines[0] == 2
    assert torch.equal(before["0.weight"], weights(training)["0.weight"])


def test_a_cell_that_uses_something_up_is_refused_in_one_line(bench: Bench, namespace) -> None:
    namespace["stack"] = [1]
    with pytest.raises(CellError, match=r"line 2 raises IndexError: pop from empty list") as caught:
        bench("\nstack.pop()")
    assert "\n" not in str(caught.value)
    assert namespace["stack"] == [1]


@pytest.mark.parametrize(
    ("start", "cell"),
    [
        ([1, 2], "grown *= 2"),
        (torch.ones(4), "grown.resize_(2 * len(grown))"),
        ({0: 0}, "grown.update({len(grown) + i: i for i in range(len(grown))})"),
    ],
)
def test_a_value_that_doubles_with_every_run_is_refused(
    bench: Bench, namespace, start, cell: str
) -> None:
    namespace["grown"] = start
    size = len(start)
    with pytest.raises(CellError, match="makes grown larger with every run") as caught:
        bench(cell)
    assert "\n" not in str(caught.value)
    assert len(start) == size


def test_a_list_that_is_appended_to_is_timed(bench: Bench, namespace) -> None:
    namespace["losses"] = []
    assert bench("losses.append(1.0)")["python"].status == "ok"
    assert namespace["losses"] == []


def test_a_table_of_pandas_that_notes_who_shares_its_memory_is_timed(
    bench: Bench, namespace
) -> None:
    pandas = pytest.importorskip("pandas")
    table = namespace["table"] = pandas.DataFrame({"a": [3, 1, 2] * 30, "b": list("xyz") * 30})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas will have no inplace some day
        result = bench("table.sort_values('a', inplace=True)")
    assert result["python"].status == "ok"
    assert list(table["a"][:3]) == [3, 1, 2]


def test_what_cannot_be_put_back_is_refused_before_anything_runs(bench: Bench, namespace) -> None:
    namespace["batches"] = (number for number in range(5))
    with pytest.raises(StateError, match="batches is a generator"):
        bench("next(batches)")
    assert list(namespace["batches"]) == [0, 1, 2, 3, 4]


def test_a_value_that_the_cell_makes_anew_need_not_be_put_back(bench: Bench, namespace) -> None:
    namespace |= {"w": torch.ones(3, requires_grad=True), "batches": iter(range(5))}
    namespace["loss"] = namespace["w"].sum()  # as after a plain run of the cell
    kept = dict(namespace)
    assert bench("loss = (w * 2).sum()\nloss.backward()", modes=("eager",))["eager"].status == "ok"
    assert bench("batches = iter(range(3))\nsum(batches)")["python"].status == "ok"
    assert all(namespace[name] is value for name, value in kept.items())
    with pytest.raises(StateError, match="loss carries an autograd graph"):
        bench("loss.backward()", modes=("eager",))


def test_a_failing_mode_stops_no_other_and_names_the_line(bench: Bench, training) -> None:
    training["Sequential"] = nn.Sequential
    cell = "y = inputs * 2\nassert type(model) is Sequential, 'only the original'\nmodel(y)"
    result = bench(cell, modes=("eager", "trace", "plain"), seconds=0.2)
    assert result["trace"].status == "failed"
    assert "only the original" in result["trace"].reason
    assert result["trace"].line == 2
    assert result["eager"].status == result["plain"].status == "ok"


def test_what_torchscript_cannot_read_is_skipped_with_its_reason(bench: Bench, training) -> None:
    training["net"] = Unscriptable()
    result = bench("net(inputs)", modes=("eager", "script", "trace"), seconds=0.2)
    assert result["script"].status == "skipped"
    assert "Lambda" in result["script"].reason
    assert result["trace"].status == "ok", result["trace"].reason


class Unscriptable(nn.Module):
    """A module that runs and traces, and that TorchScript cannot read."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (lambda factor: factor)(2)


def test_a_mode_that_cannot_run_here_is_skipped_with_its_reason(bench: Bench, training) -> None:
    result = bench("model(inputs)", modes=("eager", "cudagraph"))
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert result["cudagraph"].status == "skipped"
    assert "CUDA" in result["cudagraph"].reason


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"modes": ("eagre",)}, ModeError, "Did you mean eager"),
        ({"modes": ("python", "python")}, ModeError, "named twice"),
        ({"modes": ("compile",)}, ModeError, "is for PyTorch"),
        ({"modes": ("jit",)}, (ModeError, MissingPackageError), "jit"),
        ({"reference": "pyton"}, OptionError, "Did you mean python"),
        ({"seconds": 0}, OptionError, "--time 5"),
        ({"seconds": float("nan")}, OptionError, "--time 5"),
        ({"rtol": -1.0}, OptionError, "--rtol"),
    ],
)
def test_slips_are_told_before_anything_runs(bench: Bench, options, error, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        bench("1 + 1", **options)
    assert isinstance(caught.value, InputError | MissingPackageError)
    assert "\n" not in str(caught.value)
