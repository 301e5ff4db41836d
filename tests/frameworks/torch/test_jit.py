"""``trace`` and ``script`` replace what a cell calls; in a real shell, with classes of cells."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from dlmagic.errors import ModeUnavailable

CLASS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.calls = 0

    def double(self, x):
        return x * 2

    def forward(self, x):
        if x.sum() > 0:
            x = self.double(x)
        return torch.relu(self.fc(x))

def scaled(x, factor: float = 2.0):
    return helper(x) * factor

def helper(x):
    return x + 1

torch.manual_seed(0)
model = Net()
x = torch.ones(2, 4)
"""


class Half(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4, 4)

    def forward(self, x, flip: bool = False):
        return self.fc(self.drop(-x if flip else x))


def kinds(prepared):
    return [finding.kind for finding in prepared.findings]


def named(prepared, kind):
    return [finding for finding in prepared.findings if finding.kind == kind]


@pytest.fixture
def from_shell(shell, bench):
    """A cell whose names come from a cell that a real shell has run."""

    def make(text):
        assert shell.run_cell(CLASS).success
        return bench(text, **{k: v for k, v in shell.user_ns.items() if not k.startswith("_")})

    return make


@pytest.mark.parametrize("mode", ["trace", "script"])
def test_a_class_of_a_cell_is_replaced(from_shell, mode):
    cell = from_shell("y = model(x)")
    prepared = cell.prepare(mode)
    assert set(prepared.replacements) == {"model"}
    assert torch.equal(cell.call(prepared)["y"], cell.arguments["model"](cell.arguments["x"]))
    assert kinds(prepared)[:2] == ["deprecated", "partly-replaced"]


@pytest.mark.parametrize("mode", ["trace", "script"])
def test_a_function_of_a_cell_is_replaced_with_its_helpers(from_shell, mode):
    cell = from_shell("y = scaled(x)")
    prepared = cell.prepare(mode)
    assert isinstance(prepared.replacements["scaled"], torch.jit.ScriptFunction)
    assert cell.call(prepared)["y"].tolist() == [[4.0] * 4] * 2


@pytest.mark.parametrize("mode", ["trace", "script"])
def test_what_the_timed_cell_itself_defines_is_replaced(bench, mode):
    text = "def twice(x):\n    return x * 2\ny = twice(x)"
    cell = bench(text, x=torch.ones(2))
    prepared = cell.prepare(mode)
    assert "twice" in prepared.replacements
    assert cell.call(prepared)["y"].tolist() == [2, 2]


def test_a_baked_branch_is_found_at_the_users_line(from_shell):
    prepared = from_shell("y = model(x)").prepare("trace")
    (branch,) = named(prepared, "baked-branch")
    assert branch.source == "if x.sum() > 0:"
    assert branch.operands == ("model",)


def test_what_pytorch_checks_before_it_raises_is_no_branch_of_the_users(bench):
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    prepared = bench("y = model(x)", model=model, x=torch.ones(2, 4)).prepare("trace")
    assert "model" in prepared.replacements
    assert named(prepared, "baked-branch") == []


def test_script_keeps_both_branches(from_shell):
    cell = from_shell("y = model(x)")
    scripted = cell.prepare("script").replacements["model"]
    model = cell.arguments["model"]
    assert torch.equal(scripted(-torch.ones(2, 4)), model(-torch.ones(2, 4)))


def test_parameters_stay_the_same_objects(bench):
    model = nn.Linear(4, 2)
    cell = bench("model(x).sum().backward()", model=model, x=torch.ones(1, 4))
    prepared = cell.prepare("trace")
    standing = prepared.replacements["model"]
    assert all(a is b for a, b in zip(standing.parameters(), model.parameters(), strict=True))
    assert isinstance(standing, nn.Linear)
    cell.call(prepared)
    assert model.weight.grad is not None


def test_training_and_evaluation_have_a_graph_each(bench):
    torch.manual_seed(0)
    model = Half()
    text = "model.train()\nnoisy = model(x)\nmodel.eval()\nexact = model(x)"
    cell = bench(text, model=model, x=torch.ones(64, 4))
    outputs = cell.call(cell.prepare("trace"))
    assert not torch.equal(outputs["noisy"][0], outputs["noisy"][1])
    assert torch.equal(outputs["exact"][0], outputs["exact"][1])
    assert not model.training


def test_what_cannot_be_traced_runs_eagerly_and_says_why(bench):
    cell = bench(
        "y = model(x, flip=True)\nz = double(y)", model=Half(), double=double, x=torch.ones(2, 4)
    )
    prepared = cell.prepare("trace")
    assert set(prepared.replacements) == {"double"}
    (refused,) = named(prepared, "not-replaced")
    assert (
        refused.message == "In mode trace, model ran eagerly: it is called with the keyword flip=."
    )


def double(x):
    return x * 2


def power(x, exponent):
    return x**exponent


def apply(function, x):
    return function(x)


def test_a_number_is_named_and_nothing_is_left_to_trace(bench):
    cell = bench("y = power(x, 3)", power=power, x=torch.ones(2))
    with pytest.raises(ModeUnavailable, match=r"called with 3, which is not a tensor"):
        cell.prepare("trace")


def test_a_cell_that_calls_nothing_has_nothing_to_trace(bench):
    with pytest.raises(ModeUnavailable, match="here are none"):
        bench("y = x * 2", x=torch.ones(2)).prepare("trace")


def test_a_model_called_inside_a_helper_is_replaced_there(bench):
    model = nn.Linear(2, 2)
    cell = bench("y = apply(model, x)", apply=apply, model=model, x=torch.ones(1, 2))
    prepared = cell.prepare("trace")
    assert set(prepared.replacements) == {"model"}
    torch.testing.assert_close(cell.call(prepared)["y"], model(torch.ones(1, 2)))


def test_deprecation_is_one_note_and_no_warning(bench):
    cell = bench("y = double(x)", double=double, x=torch.ones(2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        findings = [*cell.prepare("trace").findings, *cell.prepare("script").findings]
    assert caught == []
    assert len({finding for finding in findings if finding.kind == "deprecated"}) == 1


def test_what_script_cannot_read_is_refused_in_one_line(bench):
    namespace = {}
    exec("def nowhere(x):\n    return x", namespace)
    cell = bench("y = nowhere(x)", nowhere=namespace["nowhere"], x=torch.ones(2))
    with pytest.raises(ModeUnavailable, match="nowhere") as caught:
        cell.prepare("script")
    assert "\n" not in str(caught.value)
