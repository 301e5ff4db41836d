"""Graphs as PyTorch hands them out, and the private names that reading them needs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.captured import CapturedGraph
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.autograd_graph import is_freed
from dlmagic.frameworks.torch.exported_cell import export_cell
from dlmagic.frameworks.torch.fx_graphs import DynamoGraph
from dlmagic.frameworks.torch.script_graphs import read_script
from dlmagic.frameworks.torch.traced_cell import trace_cell


def captured(function: Callable[..., Any], *arguments: Any, dynamic: bool = False) -> CapturedGraph:
    """The one graph that Dynamo makes of a call."""
    found: list[DynamoGraph] = []

    def backend(module: torch.fx.GraphModule, _inputs: Any) -> Any:
        found.append(DynamoGraph(module))
        return module.forward

    torch.compile(function, backend=backend, dynamic=dynamic)(*arguments)
    (graph,) = found
    return graph.read()


def test_operations_have_shape_type_line_and_inputs_the_users_names() -> None:
    model = nn.Linear(3, 2)

    def function(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model(x).relu()

    graph = captured(function, model, torch.ones(4, 3))
    nodes = {node.name: node for node in graph.nodes}
    assert {"x", "model.weight", "model.bias"} <= nodes.keys()
    linear = next(node for node in graph.nodes if node.operation == "linear")
    assert linear.inputs == ("x", "model.weight", "model.bias")
    assert (linear.shape, linear.dtype, linear.flops) == ((4, 2), "float32", 2 * 4 * 3 * 2)
    assert linear.frames[-1].function == "function"
    assert linear.module == "model"
    assert [node.operation for node in graph.nodes][-1] == "output"
    assert "relu" in graph.code


def test_reading_a_graph_leaves_the_state_that_it_holds_itself() -> None:
    weight = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.5)
    weight.sum().backward()
    optimizer.step()
    velocity = optimizer.state[weight]["momentum_buffer"]
    captured(lambda: optimizer.step())
    assert velocity.tolist() == [1.5, 1.5, 1.5]


def test_only_operations_whose_lengths_are_known_have_flops() -> None:
    layer, model = nn.Linear(3, 2), nn.Linear(4, 5)

    def function(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return layer(x), model(y), model(y)

    x = torch.ones(6, 3)
    torch._dynamo.mark_dynamic(x, 0)
    found = captured(function, x, torch.ones(7, 4)).nodes
    flops = [node.flops for node in found if node.operation == "linear"]
    assert flops == [None, 2 * 7 * 4 * 5, 2 * 7 * 4 * 5]


def test_an_axis_of_open_length_has_a_name() -> None:
    graph = captured(lambda x: x * 2, torch.ones(5, 3), dynamic=True)
    product = next(node for node in graph.nodes if node.operation == "mul")
    assert product.shape is not None
    assert isinstance(product.shape[0], str)


def test_an_operation_named_like_an_input_gives_way() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        x = x * 2
        return x + 1

    graph = captured(function, torch.ones(3))
    names = [node.name for node in graph.nodes]
    assert names[0] == "x"
    assert len(set(names)) == len(names)


def cell(text: str, **names: object) -> Any:
    return compile_cell(CellSource.from_text(text), {"torch": torch, **names})


def test_a_traced_cell_is_called_like_the_cell_and_its_graph_has_lines() -> None:
    x = torch.tensor([1.0, 2.0])
    made = cell("n = n + 1\ny = x * n\nz = torch.stack([y, x])", x=x, n=1)
    traced = trace_cell(made, {"x": x, "n": 1})
    assert traced is not None
    values = {"x": -x, "n": 1}
    returned = traced(*(values[name] for name in made.parameters))
    outputs = dict(zip(("", *made.outputs), returned, strict=True))
    assert outputs["n"] == 2
    assert outputs["y"].tolist() == [-2, -4]
    graph = read_script(traced.script.inlined_graph, ["x"], "")
    assert [(n.operation, n.shape, n.frames[-1].line) for n in graph.nodes if n.frames] == [
        ("mul", (2,), 2),
        ("stack", (2, 2), 3),
    ]
    assert next(n for n in graph.nodes if n.operation == "stack").inputs == ("mul", "x")


def test_what_cannot_be_traced_whole_is_left_to_others() -> None:
    model, x = nn.Linear(2, 2), torch.ones(2)
    assert trace_cell(cell("y = model(x)", model=model, x=x), {"model": model, "x": x}) is None
    assert trace_cell(cell("y = n + 1", n=1), {"n": 1}) is None


def test_tensors_in_containers_go_in_and_out_of_a_traced_cell() -> None:
    xs, same = {"a": [torch.ones(2)], "b": torch.zeros(2)}, object()
    made = cell("y = [xs['a'][0] + 1, (xs['b'], 'text')]\nz = same", xs=xs, same=same)
    traced = trace_cell(made, {"xs": xs, "same": same})
    assert traced is not None
    arguments = [{"xs": xs, "same": same}[name] for name in made.parameters]
    outputs = dict(zip(("", *made.outputs), traced(*arguments), strict=True))
    first, (second, text) = outputs["y"]
    assert (first.tolist(), second.tolist(), text) == ([2, 2], [0, 0], "text")
    assert outputs["z"] is same
    assert traced.tensors.names == ("xs['a'][0]", "xs['b']")


def test_an_exported_cell_returns_numbers_that_the_graph_computes() -> None:
    x = torch.tensor([1.0, 2.0])
    made = cell("v = x.sum().item()\ny = x * v", x=x)
    exported = export_cell(made, {"x": x})
    outputs = dict(zip(("", *made.outputs), exported(x * 2), strict=True))
    assert outputs["v"] == 6
    assert outputs["y"].tolist() == [12, 24]


def test_nodes_of_an_exported_cell_have_the_users_lines_and_flops() -> None:
    x, model = torch.ones(3, 4), nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    text = "y = model(x)\ndef twice(v):\n    return v * 2\nz = twice(y)[0].sum()"
    made = cell(text, x=x, model=model)
    made.define()
    arguments = dict(zip(made.parameters, made.arguments(), strict=True))
    graph = DynamoGraph(export_cell(made, arguments).module).read(["x"])
    nodes = {node.operation: node for node in graph.nodes if node.frames}
    of_cell = {
        name: [frame.line for frame in node.frames if frame.file == made.source.filename]
        for name, node in nodes.items()
    }
    assert of_cell == {"linear": [1], "relu": [1], "mul": [4, 3], "select": [4], "sum": [4]}
    assert nodes["linear"].flops == 2 * 3 * 4 * 2
    assert not torch.fx.traceback.has_preserved_node_meta(), "nothing is left behind"


def test_a_branch_of_an_exported_cell_which_dynamo_traces_has_a_line() -> None:
    x = torch.ones(3)
    text = "y = x * 2\nz = torch.cond(x.sum() > 0, lambda v: v + 1, lambda v: v - 1, (y,))"
    made = cell(text, x=x)
    graph = DynamoGraph(export_cell(made, {"x": x}).module).read(["x"])
    branch = next(node for node in graph.nodes if node.operation == "cond")
    assert 2 in [frame.line for frame in branch.frames if frame.file == made.source.filename]


# Private names: these fail loudly when one moves


def test_the_structured_trace_is_where_it_was() -> None:
    assert isinstance(compat.structured_trace(), logging.Logger)
    assert compat.structured_trace() is logging.getLogger("torch.__trace")


def test_nodes_of_autograd_tell_what_they_did() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    y = x.exp()
    node = y.grad_fn
    assert compat.result_of_node(node) == ((2, 3), "float32")
    assert [tensor.shape for tensor in compat.saved_tensors(node)] == [y.shape]
    assert compat.variable_of(node.next_functions[0][0]) is x  # type: ignore[union-attr]
    assert not compat.is_custom_function(node)


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * 2


def test_functions_of_the_users_own_are_told_and_left_alone() -> None:
    told: list[object] = []
    before = vars(torch.autograd.Function)["apply"]

    def around(call: Callable[[], object]) -> object:
        told.append(call())
        return told[-1]

    with compat.watching_custom_functions(around):
        y = Twice.apply(torch.ones(2, requires_grad=True))
    assert told == [y] or told[0] is y
    assert vars(torch.autograd.Function)["apply"] is before
    assert compat.is_custom_function(y.grad_fn)
    assert len(compat.saved_tensors(y.grad_fn)) == 1


def test_nodes_can_be_given_a_stack() -> None:
    with compat.stacks_of_nodes() as hand_over:
        hand_over(['  File "here", line 5, in there\n'])
        graph = torch.fx.symbolic_trace(lambda x: x + 1).graph
    assert any("line 5" in (node.stack_trace or "") for node in graph.nodes)


def test_inductor_can_draw_the_numbers_of_eager_code() -> None:
    from torch._inductor import config

    with compat.random_numbers_of_eager():
        assert config.fallback_random
    assert not config.fallback_random


def test_a_graph_whose_values_a_backward_pass_has_freed_is_told_from_one_that_keeps_them() -> None:
    w = torch.ones(2, requires_grad=True)
    kept, used = w.exp(), w.exp()
    used.sum().backward()
    assert [is_freed(each) for each in (kept, used, w, w.detach())] == [False, True, False, False]
    assert not is_freed(w.sum())
