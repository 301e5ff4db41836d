"""What a graph says: the example of every lecture, names, lines, cuts, what would fail."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.errors import InputError
from dlmagic.frameworks.torch.autograd_recorder import AutogradRecorder
from dlmagic.magics.graphmode.autograd.result import AutogradGraph


def drawn(text: str, **names: object) -> AutogradGraph:
    return dlmagic.autograd(text, namespace={"torch": torch, **names})


def leaf(value: float) -> torch.Tensor:
    return torch.tensor(value, requires_grad=True)


def values(graph: AutogradGraph) -> dict[str, tuple[str, str]]:
    return {
        node.name: (
            node.value.values if node.value else "",
            node.gradient.values if node.gradient else "",
        )
        for node in graph.nodes
    }


def test_the_example_of_every_lecture() -> None:
    graph = drawn("f = a * (a + b)", a=leaf(2.0), b=leaf(3.0))
    assert values(graph) == {
        "a": ("2", "7"),
        "b": ("3", "2"),
        "Add": ("5", "2"),
        "Mul": ("10", "1"),
    }
    assert graph.leaves == ("a", "b")
    assert set(graph.edges) == {("a", "Add"), ("b", "Add"), ("a", "Mul"), ("Add", "Mul")}
    assert [graph[name].line for name in ("Add", "Mul")] == [1, 1]
    assert graph["Mul"].saved_bytes == 8
    assert repr(graph).startswith("f comes from 2 leaves by 2 steps; it keeps 8 B for the backward")
    assert "∂" in graph._repr_html_form() or "data:image/svg" in graph._repr_html_form()


def test_every_step_has_the_line_that_made_it() -> None:
    graph = drawn("y = x * 2\nz = y.exp()\nfor _ in range(2):\n    z = z + y\nz", x=leaf(1.0))
    lines = {node.name: node.line for node in graph.nodes if node.op != "leaf"}
    assert lines == {"Mul": 1, "Exp": 2, "Add": 4, "Add#2": 4}


def test_parameters_are_named_by_their_module() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    graph = drawn("loss = model(x).sum()", model=model, x=torch.ones(4, 2))
    assert set(graph.leaves) == {"model.0.weight", "model.0.bias", "model.1.weight", "model.1.bias"}
    assert graph["model.1.bias"].gradient.values == "[4]"  # type: ignore[union-attr]
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_gradients_of_the_cells_own_backward_are_taken() -> None:
    x = leaf(3.0)
    graph = drawn("y = x * x\ny.backward()", x=x)
    assert values(graph)["x"] == ("3", "6")
    assert x.grad is not None
    assert x.grad.item() == 6
    assert [each.kind for each in graph.findings] == []


def test_what_other_passes_have_left_in_grad_is_no_gradient_of_this_one() -> None:
    x = torch.ones(3, requires_grad=True)
    before = (x * 2).sum()
    before.backward()
    assert values(dlmagic.autograd(before, namespace={"x": x}))["x"] == ("[1, 1, 1]", "")
    graph = drawn("y = (x * x).sum()\ny.backward()", x=x)
    assert values(graph)["x"] == ("[1, 1, 1]", "[2, 2, 2]")
    model = nn.Linear(2, 1, bias=False)
    text = "for _ in range(3):\n    y = model(z).sum()\n    y.backward()"
    graph = drawn(text, model=model, z=torch.ones(1, 2))
    assert values(graph)["model.weight"][1] == "[[1, 1]]"


def test_gradients_of_two_targets_are_not_mixed() -> None:
    graph = drawn("y = x * x\ny.backward()\nz = y * 5", x=leaf(3.0))
    assert {name: gradient for name, (_, gradient) in values(graph).items()} == {
        "x": "",
        "Mul": "5",
        "Mul#2": "1",
    }
    assert any("Gradients are not known" in note for note in graph.notes)


def test_an_own_function_has_its_own_name() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            (x,) = ctx.saved_tensors
            return 3 * x**2 * gradient

    graph = drawn("y = Cube.apply(x)", Cube=Cube, x=leaf(2.0))
    assert graph["Cube"].is_custom
    assert values(graph) == {"x": ("2", "12"), "Cube": ("8", "1")}


CUBE = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3
    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * gradient
y = Cube.apply(x)
""".strip()


@pytest.mark.parametrize("text", [CUBE, f"{CUBE}\ny.backward()"])
def test_an_own_function_cuts_nothing(text: str) -> None:
    graph = drawn(text, x=leaf(2.0))
    assert graph.findings == ()
    assert values(graph) == {"x": ("2", "12"), "Cube": ("8", "1")}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("y = x * 2\nz = y.detach()\nw = x + z", 2, "detach() cuts the graph"),
        ("with torch.no_grad():\n    z = x * 2\nw = x + z", 2, "without a graph"),
        ("k = x.argmax()\nw = x * k", 1, "whole numbers"),
    ],
)
def test_a_cut_is_named_with_its_line(text: str, line: int, words: str) -> None:
    graph = drawn(text, x=leaf(2.0))
    found = [each for each in graph.findings if each.kind == "graph-cut"]
    assert [(each.line, words in each.message) for each in found] == [(line, True)]


@torch.no_grad()
def hidden(x: torch.Tensor) -> torch.Tensor:
    return x * 2


class Encoder:
    @torch.inference_mode()
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


DECORATED = {
    "outside of the cell": ("z = hidden(x)\nw = x + z", 1, "hidden"),
    "a method": ("z = Encoder().encode(x)\nw = x + z.clone()", 1, "encode"),
    "in the cell": ("@torch.no_grad()\ndef f(x):\n    return x * 2\nw = x + f(x)", 3, "f"),
    "around another function": (
        "@torch.no_grad()\ndef f(x):\n    return g(x)\ndef g(x):\n    return x * 2\nw = x + f(x)",
        5,
        "f",
    ),
}


@pytest.mark.parametrize(("text", "line", "name"), DECORATED.values(), ids=DECORATED)
def test_a_function_whose_decorator_switches_gradients_off_is_named(
    text: str, line: int, name: str
) -> None:
    graph = drawn(text, x=leaf(2.0), hidden=hidden, Encoder=Encoder)
    (found,) = graph.findings
    assert (found.kind, found.line) == ("graph-cut", line)
    words = f"since gradients are switched off within {name}()."
    assert found.message.endswith(words)


@torch.no_grad()
def drawn_from_within(text: str) -> AutogradGraph:
    return drawn(text, x=leaf(2.0))


def test_a_decorator_of_what_runs_the_cell_is_not_to_blame() -> None:
    text = "z = x * 2\nwith torch.enable_grad():\n    w = x + z"
    (found,) = drawn_from_within(text).findings
    assert found.message.endswith("since gradients are switched off here.")


def test_what_would_fail_in_backward_is_named_with_the_line_that_needs_it() -> None:
    graph = drawn("y = x.exp()\nz = y * 2\ny += 1\nw = z + y", x=leaf(2.0))
    found = [each for each in graph.findings if each.kind == "in-place"]
    assert [(each.line, each.level) for each in found] == [(1, "error")]
    assert any("Gradients are not known" in note for note in graph.notes)


def test_nothing_is_left_on_the_graph() -> None:
    names: dict[str, Any] = {"x": leaf(2.0)}
    dlmagic.autograd("y = x * x", namespace=names)
    before = names["y"].grad_fn
    names["y"].backward()
    assert names["x"].grad.item() == 4
    assert before is names["y"].grad_fn


# A tensor that exists already


def test_backward_in_a_function_is_what_a_cell_is_about_that_assigns_nothing() -> None:
    text = "def train():\n    loss = (a * b).exp()\n    loss.backward()\ntrain()"
    graph = drawn(text, a=leaf(2.0), b=leaf(0.0))
    assert graph.target == "what backward() was called on"
    assert [graph[name].line for name in ("Mul", "Exp")] == [2, 2]
    assert values(graph)["b"] == ("0", "2")


def test_backward_through_a_loss_of_an_earlier_cell_shows_its_graph() -> None:
    a = leaf(3.0)
    loss = a * a
    graph = drawn("loss.backward()\nprint(loss.item())", loss=loss, a=a)
    assert (graph.target, graph.leaves) == ("loss", ("a",))
    assert any("the graph was there before" in note for note in graph.notes)
    assert a.grad is not None
    assert a.grad.item() == 6


@pytest.mark.parametrize(
    ("text", "kind", "words", "line"),
    [
        ("y = a * 2\nz = y.sqrt().sum()", "gradient-not-finite", "Sqrt gets a finite grad", 2),
        (
            "y = torch.where(a > 0, a.sqrt(), 1)\nz = y * 2",
            "gradient-not-finite",
            "Sqrt gets a finite gradient, and passes on inf or NaN.",
            1,
        ),
        ("y = a / a\nz = y + 1", "nan", "Div is the first step that gives NaN.", 1),
    ],
)
def test_the_step_that_makes_nan_or_infinite_gradients_is_named(
    text: str, kind: str, words: str, line: int
) -> None:
    (finding,) = [each for each in drawn(text, a=leaf(0.0)).findings if each.level == "warning"]
    assert (finding.kind, finding.line) == (kind, line)
    assert words in finding.message


def test_a_mask_of_infinities_and_finite_gradients_are_nothing_to_tell() -> None:
    text = "y = a.expand(3).masked_fill(m, float('-inf')).softmax(0)[0]"
    assert drawn(text, a=leaf(1.0), m=torch.tensor([False, False, True])).findings == ()


def test_data_is_told_where_nothing_else_leaves_a_graph() -> None:
    with pytest.raises(InputError, match=r"Line 1: \.data gives numbers without their graph"):
        drawn("y = a.data * 2\nz = y + 1", a=leaf(1.0))
    text = "loss = a * a\nloss.backward()\na.data -= 0.1 * a.grad"
    assert drawn(text, a=leaf(1.0)).findings == ()


def test_a_tensor_that_exists_has_its_nodes_and_says_what_is_not_known() -> None:
    x = leaf(2.0)
    y = x.exp() * 3
    graph = dlmagic.autograd(y)
    assert graph.target == "y"
    assert [node.op for node in graph.nodes] == ["leaf", "Exp", "Mul"]
    assert graph["Mul"].line is None
    assert graph["Mul"].value is None
    assert graph["x"].value.values == "2"  # type: ignore[union-attr]
    assert graph["Mul"].shape == ()
    assert any("%%autograd above the cell" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = torch.tensor(1.0, requires_grad=True)", "is a leaf"),
        ("x = torch.ones(2)", "has no graph"),
        ("x = torch.ones(2, requires_grad=True).detach()", "has no graph"),
        ("x = torch.ones(2, requires_grad=True).argmax()", "dtype int64"),
    ],
)
def test_a_tensor_without_graph_says_why(text: str, words: str) -> None:
    names: dict[str, Any] = {"torch": torch}
    exec(text, names)
    with pytest.raises(InputError, match=words) as caught:
        dlmagic.autograd(names["x"], namespace=names)
    assert "\n" not in str(caught.value)


def test_a_cell_without_graph_names_the_cut() -> None:
    with pytest.raises(InputError, match="Line 2: exp") as caught:
        drawn("with torch.no_grad():\n    y = x.exp()", x=leaf(1.0))
    assert "The cell has run" in str(caught.value)
    with pytest.raises(InputError, match="requires a gradient"):
        drawn("y = torch.ones(2) + 1")


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")
@pytest.mark.parametrize("number", ["(x * 2).item()", "float(x * 2)", "(x * 2).tolist()"])
def test_a_cell_without_graph_names_the_number_that_cut_it(number: str) -> None:
    text = f"z = 1\ny = torch.tensor({number}, requires_grad=True)"
    with pytest.raises(InputError, match=r"Line 2: (item|float|tolist)\(\) makes numbers"):
        drawn(text, x=leaf(1.0))
    graph = drawn(f"y = x * 2\nz = {number}\ny", x=leaf(1.0))
    assert graph.findings == ()


def test_the_error_of_a_cell_is_the_users() -> None:
    with pytest.raises(ZeroDivisionError):
        drawn("y = x * 2\n1 / 0", x=leaf(1.0))


@pytest.mark.parametrize("error", ["ZeroDivisionError", "KeyboardInterrupt"])
def test_a_cell_that_stops_leaves_no_hook_on_its_graph(error: str, monkeypatch: Any) -> None:
    """The recorder's hooks note gradients: a later backward pass must not call them."""
    made: list[AutogradRecorder] = []
    original = AutogradRecorder.__init__

    def remember(self: AutogradRecorder, filename: str) -> None:
        original(self, filename)
        made.append(self)

    monkeypatch.setattr(AutogradRecorder, "__init__", remember)
    names: dict[str, Any] = {"x": leaf(2.0)}
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
        dlmagic.autograd(f"y = x * x\nraise {error}", namespace=names)
    names["y"].backward()
    assert names["x"].grad.item() == 4
    assert made[0].recorded.gradients == {}


def test_it_is_kept_as_json() -> None:
    graph = drawn("f = a * a", a=leaf(2.0))
    assert AutogradGraph.from_json(graph.to_json()) == graph


def test_a_large_graph_is_a_table_and_no_picture() -> None:
    graph = drawn("y = x\nfor _ in range(3000):\n    y = y + 1\ny", x=leaf(1.0))
    page = graph._repr_html_form()
    assert len(page.encode()) < 300_000
    assert "data:image/svg" not in page
    assert "graph.nodes has them all" in page


def test_a_warning_of_pytorch_names_the_line_of_the_cell() -> None:
    with pytest.warns(UserWarning, match="copy construct") as heard:
        drawn("y = x * 2\nt = torch.tensor(y)\ny", x=leaf(1.0))
    assert heard[0].lineno == 2
    assert "dlmagic/frameworks" not in heard[0].filename
