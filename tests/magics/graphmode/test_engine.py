"""Whole reports on real compilers: what is kept, what is refused, what a second run sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError, ModeError, ModeUnavailable, OptionError
from dlmagic.magics.graphmode.calls import read_calls
from dlmagic.magics.graphmode.engine import graphmode_cell
from dlmagic.magics.graphmode.kept import KeptGraphs
from dlmagic.magics.graphmode.request import Request, Surroundings
from dlmagic.magics.graphmode.result import GraphReport

EAGER = "compile:eager"


def report(text: str, mode: str = EAGER, **names: object) -> GraphReport:
    return dlmagic.graphmode(text, namespace={"torch": torch, **names}, mode=mode)


def kinds(found: GraphReport) -> set[str]:
    return {finding.kind for finding in found.findings}


# What a report is


def test_a_clean_cell_is_one_graph_that_agrees() -> None:
    found = report("y = torch.relu(x @ w)\ny.sum()", x=torch.randn(3, 4), w=torch.randn(4, 2))
    assert (found.ran, found.breaks, found.recompiles, found.findings) == ("graph", 0, 0, ())
    assert found.check.agrees is True
    assert found.check.gradients_agree is True
    assert set(found.check.compared) == {"y", "the last expression"}
    assert found.runs == 6
    (graph,) = found.graphs
    product = next(node for node in graph.nodes if node.op == "matmul")
    assert (product.shape, product.dtype, product.line) == ((3, 2), "float32", 1)
    assert product.flops == 2 * 3 * 4 * 2
    assert product.nbytes == 3 * 2 * 4
    assert {node.name for node in graph.nodes if node.op == "input"} == {"x", "w"}
    assert repr(found).startswith("1 graph, no breaks, no recompiles; values agree, gradients")


def test_it_is_kept_as_json() -> None:
    found = report("y = x + 1\nprint(y.sum().item())", x=torch.ones(3))
    again = GraphReport.from_json(found.to_json())
    assert again == found
    assert repr(again) == repr(found)


def test_a_rewrite_is_not_checked_where_its_line_breaks_for_another_reason() -> None:
    best = "    best = max(range(3), key=lambda i: t[i].sum().item())"
    text = f"def pick(t):\n{best}\n    return t[best] * 2\ny = pick(x)"
    found = report(text, x=torch.arange(12.0).reshape(3, 4))
    breaks = [each for each in found.findings if each.kind == "graph-break"]
    assert len(breaks) == 2
    assert [each for each in breaks if each.fix and each.fix.status == "verified"] == []


TENSOR_LEFT = "then holds a tensor in place of a Python number: float() makes it one again"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("v = x.sum().item()\ny = x * 2", f" v {TENSOR_LEFT}"),
        ("n = x.argmax().item()\ny = x * 2", f" n {TENSOR_LEFT}"),
        ("held.append(x.sum().item())\ny = x * 2", f" held {TENSOR_LEFT}"),
        ("y = x * 2\ny.sum().item()", f" the last expression {TENSOR_LEFT}"),
        ("def f(t):\n    k = t.sum().item()\n    return t * k\ny = f(x)", None),
        ("y = x / x.max().item()", None),
    ],
)
def test_a_rewrite_that_leaves_a_tensor_for_a_number_says_so(text: str, told: str | None) -> None:
    found = report(text, x=torch.arange(1.0, 5.0), held=[])
    (fix,) = [each.fix for each in found.findings if each.kind == "graph-break"]
    assert fix is not None
    assert fix.status == "verified"
    assert fix.text.startswith("Keep it a tensor, without its gradient.")
    assert (TENSOR_LEFT in fix.text) == (told is not None)
    assert (told or "") in fix.text


def trained(text: str) -> GraphReport:
    """A report on a cell of which each run makes what it trains."""
    model, inputs = nn.Linear(3, 1), torch.ones(2, 3)
    return report(text, nn=nn, model=model, x=inputs)


def test_models_and_optimizers_made_in_the_cell_are_told_in_plain_words() -> None:
    made = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"
    step = "net(x).sum().backward()\noptimizer.step()"
    found = trained(f"net = nn.Linear(3, 1)\n{made}\n{step}")
    told = " ".join(
        f"{each.message} {each.fix.text if each.fix else ''}" for each in found.findings
    )
    assert "a model or a layer is made here" in told
    assert "Make the model in a cell above, once." in told
    assert "an optimizer is made here, which PyTorch does outside of graphs" in told
    assert "a graph of its own for the step of an optimizer" in told
    for raw in ("graph_break", "Parameter", "ynamo", "nn.Module", "reconstruct", "mutations"):
        assert raw not in told


def test_what_was_advised_mends_it() -> None:
    made = "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)"
    step = "model(x).sum().backward()\noptimizer.step()"
    inside = trained(f"{made}\n{step}")
    again = [each for each in inside.findings if each.kind == "recompile"]
    assert [each.fix and each.fix.text for each in again] == [
        "Make models and optimizers in a cell above, once."
    ]
    model, inputs = nn.Linear(3, 1), torch.ones(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    above = report(step, model=model, x=inputs, optimizer=optimizer)
    assert above.recompiles == 0
    assert above.breaks < inside.breaks


def test_no_line_of_what_calls_dlmagic_is_blamed() -> None:
    """This file is the user's, too; the cell is what is compiled again."""
    found = trained(
        "opt = torch.optim.SGD(model.parameters(), lr=0.1)\nfor _ in [1]:\n    opt.step()"
    )
    assert {each.cell for each in found.findings} == {None}


def test_a_recompilation_by_the_size_of_an_intermediate_result_is_told() -> None:
    torch.manual_seed(0)
    found = report("x = torch.randn(40)\nz = x[x > 0] * 2\nz.sum()")
    assert found.recompiles == 1
    (finding,) = [each for each in found.findings if each.kind == "recompile"]
    assert "Compiled again: the length of axis 0 of an intermediate result is" in finding.message
    assert finding.line == 2


def test_the_default_mode_is_that_of_inductor() -> None:
    found = dlmagic.graphmode("y = x + 1", namespace={"x": torch.ones(3)})
    assert (found.mode, found.ran, found.check.agrees) == ("compile", "graph", True)


def test_a_training_step_is_compared_by_its_gradients() -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.weight.detach().clone()
    text = (
        "optimizer.zero_grad()\nloss = model(x).square().mean()\nloss.backward()\noptimizer.step()"
    )
    found = report(text, model=model, optimizer=optimizer, x=torch.randn(5, 3))
    assert found.check.agrees is True, found.check.reason
    assert found.check.gradients_agree is True
    assert any(f.kind == "graph-break" and f.line == 3 for f in found.findings)
    assert not torch.equal(model.weight, before), "the step has been made, as in a plain run"


def test_what_the_graph_finds_by_name_is_there_when_it_is_called_again() -> None:
    text = "y = x * 2 if type(x) is type(x.data) else x"
    found = report(text, x=torch.ones(3))
    assert found.findings == ()


@pytest.mark.parametrize(
    "made",
    [
        lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9),
        lambda weights: torch.optim.Adam(weights, lr=0.1),
    ],
)
def test_an_optimizer_with_state_steps_once_in_the_graph(made: Any) -> None:
    model = nn.Linear(3, 1)
    optimizer = made(model.parameters())
    model(torch.randn(5, 3)).square().mean().backward()
    optimizer.step()
    found = report("optimizer.step()", optimizer=optimizer)
    assert found.check.agrees is True, found.check.reason


def test_a_module_that_the_cell_compiles_itself_is_compared_as_what_it_was() -> None:
    model, x = nn.Sequential(nn.Linear(4, 3), nn.ReLU()), torch.randn(2, 4)
    text = "fast = torch.compile(model, backend='eager')\ny = fast(x)"
    found = report(text, model=model, x=x)
    assert found.check.agrees is True
    assert found.findings == ()


def test_a_wrong_gradient_of_a_custom_function_is_found() -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            # Dynamo runs this one while it captures; a plain run the other.
            factor = 3 if torch.compiler.is_compiling() else 2
            return gradient * factor

    found = report("y = f.apply(x)", f=Wrong, x=torch.ones(3, requires_grad=True))
    assert found.check.agrees is True
    assert found.check.gradients_agree is False
    assert "gradient-mismatch" in kinds(found)


def test_a_graph_that_computes_something_else_is_found() -> None:
    text = "y = x + 1 if torch.compiler.is_compiling() else x - 1"
    found = report(text, x=torch.ones(3))
    assert found.check.agrees is False
    assert found.check.stage == "capturing (Dynamo)"
    (finding,) = [each for each in found.findings if each.kind == "mismatch"]
    assert "it goes wrong in capturing (Dynamo)" in finding.message
    assert "values do not agree" in repr(found)


def test_the_guilty_stage_is_the_first_that_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that makes a mistake stands in for one of PyTorch's own."""
    right = torch._dynamo.lookup_backend

    def lookup(name: str) -> Any:
        if name != "aot_eager":
            return right(name)

        def wrong(module: Any, _inputs: Any) -> Any:
            return lambda *inputs: [each + 1 for each in module(*inputs)]

        return wrong

    monkeypatch.setattr(torch._dynamo, "lookup_backend", lookup)
    found = report("y = x * 2", "compile:aot_eager", x=torch.ones(3))
    assert found.check.stage == "making the backward graph (AOTAutograd)"


def test_the_graphs_are_drawn_on_demand() -> None:
    picture = report("y = x + 1", x=torch.ones(3)).draw()
    assert picture.svg.startswith("<svg")
    assert picture._repr_svg_() == picture.svg
    found = dlmagic.graphmode("y = x.tolist()", namespace={"x": torch.ones(2)}, mode="trace")
    assert (found.ran, found.draw()) == ("eager", None)


def test_inputs_that_never_end_prove_nothing() -> None:
    text = "y = x\nwhile y.sum() < 100:\n    y = y * 2"
    found = report(text, "trace", x=torch.ones(3))
    (finding,) = found.findings
    assert (finding.kind, finding.line) == ("baked-branch", 2)
    assert "all inputs doubled" in finding.message


# Names, state and output are those of a plain run


def test_names_and_state_are_those_of_a_plain_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"torch": torch, "items": [], "x": torch.zeros(3)}
    text = "print('hello')\nitems.append(len(items))\nx += 1\ny = torch.rand(2)\ndel torch"
    torch.manual_seed(0)
    found = dlmagic.graphmode(text, namespace=names, mode=EAGER)
    assert capsys.readouterr().out == "hello\n"
    assert names["items"] == [0]
    assert names["x"].tolist() == [1, 1, 1]
    assert "torch" not in names
    torch.manual_seed(0)
    assert torch.equal(names["y"], torch.rand(2))
    assert torch.equal(torch.rand(2), torch.rand(2)) is False
    assert found.check.agrees is True


def test_an_error_of_the_cell_is_the_users_and_there_is_no_report() -> None:
    names: dict[str, Any] = {"x": torch.ones(3)}
    with pytest.raises(ZeroDivisionError):
        dlmagic.graphmode("y = x + 1\n1 / 0\nz = 2", namespace=names, mode=EAGER)
    assert "y" in names
    assert "z" not in names


def test_an_interrupt_while_it_runs_as_a_graph_leaves_the_plain_state() -> None:
    names: dict[str, Any] = {"x": torch.zeros(3)}
    request = Request(CellSource.from_text("x += 1"), names, mode=EAGER)

    def stop(line: str) -> None:
        if line.startswith("running the cell in mode"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graphmode_cell(request, Surroundings(StreamOutput(), stop))
    assert names["x"].tolist() == [1, 1, 1]


# Run again


def test_a_second_run_of_the_same_cell_goes_on_where_the_first_was() -> None:
    kept, names = KeptGraphs(), {"x": torch.ones(3)}

    def run(text: str) -> GraphReport:
        request = Request(CellSource.from_text(text), dict(names), mode=EAGER)
        return graphmode_cell(request, Surroundings(StreamOutput(), kept=kept)).report

    assert len(run("y = x + 1").graphs) == 1
    again = run("y = x + 1")
    assert (len(again.graphs), again.recompiles) == (1, 0)
    names["x"] = torch.ones(4)
    other = run("y = x + 1")
    assert other.recompiles == 1
    (finding,) = other.findings
    assert finding.message == "Compiled again: the length of axis 0 of x is 4 now, and was 3."
    kept.forget()
    assert len(run("y = x + 1").graphs) == 1


def test_calls_with_several_values_provoke_recompilations() -> None:
    request = Request(
        CellSource.from_text("y = x * n"),
        {"x": torch.ones(3), "n": 1},
        mode=EAGER,
        calls=read_calls("n=2,3,3"),
    )
    found = graphmode_cell(request, Surroundings(StreamOutput())).report
    assert found.recompiles >= 1
    assert any(f.message == "Compiled again: n is 2 now, and was 1." for f in found.findings)
    assert request.namespace["n"] == 1


def test_other_compiled_functions_keep_their_caches() -> None:
    count = 0

    def backend(module: Any, _inputs: Any) -> Any:
        nonlocal count
        count += 1
        return module.forward

    mine = torch.compile(lambda x: x * 2, backend=backend)
    mine(torch.ones(3))
    report("y = x + 1\nprint(y)", x=torch.ones(3))
    mine(torch.ones(3))
    assert count == 1


def test_helpers_are_named_by_where_they_are() -> None:
    helper = "def helper(x):\n    if x.sum() > 0:\n        return x + 1\n    return x - 1"
    source = CellSource.from_text(helper)
    names: dict[str, Any] = {"x": torch.ones(3)}
    exec(compile(helper, source.filename, "exec"), names)
    request = Request(CellSource.from_text("y = helper(x)"), names, mode=EAGER)
    surroundings = Surroundings(
        StreamOutput(), name_of_cell=lambda f: "Cell In[1]" if f == source.filename else None
    )
    (finding,) = graphmode_cell(request, surroundings).report.findings
    assert (finding.cell, finding.line, finding.source) == ("Cell In[1]", 2, "if x.sum() > 0:")


# What is refused, and what runs once


@pytest.mark.parametrize(
    ("text", "mode", "error", "words"),
    [
        ("y = 1 + 1", None, ModeError, "nothing to compile"),
        ("a = 1\ny = a + 1", None, ModeError, "nothing to compile"),
        ("y = x + 1", "jit", ModeError, "Mode jit is for JAX"),
        ("y = x + 1", "compil", ModeError, "Did you mean compile?"),
        ("y = x + 1", "compile:nothing", ModeError, "no backend nothing"),
        ("y = x + 1", "jit", ModeError, "Choose from: compile, export, trace, script."),
        ("y = x + 1", "trace:eager", ModeError, "no graph mode trace:eager"),
        ("y = (", EAGER, SyntaxError, "never closed"),
        ("await x", EAGER, InputError, "await"),
    ],
)
def test_it_is_refused_before_anything_runs(
    text: str, mode: str | None, error: type[Exception], words: str
) -> None:
    names: dict[str, Any] = {"x": torch.ones(3)}
    with pytest.raises(error, match=words) as caught:
        dlmagic.graphmode(text, namespace=names, mode=mode)
    assert "y" not in names
    if error is not SyntaxError:
        assert "\n" not in str(caught.value)


def test_calls_bind_a_name_that_the_cell_reads() -> None:
    with pytest.raises(OptionError, match="which the cell does not read"):
        dlmagic.graphmode("y = x + 1", namespace={"x": torch.ones(2)}, calls="n=1,2")


def test_a_cell_that_writes_a_file_runs_once(tmp_path: Path) -> None:
    names: dict[str, Any] = {"x": torch.ones(3), "path": tmp_path / "there"}
    text = "y = x + 1\nwith path.open('a') as file:\n    file.write('once\\n')"
    found = dlmagic.graphmode(text, namespace=names, mode=EAGER)
    assert names["path"].read_text() == "once\n"
    assert found.reason == "Not checked because line 2 writes a file."
    assert (found.ran, found.runs, found.check.agrees) == ("eager", 1, None)
    assert "line 2 writes a file" in " ".join(repr(found).split())


def test_a_cell_that_takes_long_runs_as_a_graph_only_once() -> None:
    ticks = iter(range(0, 100_000, 30))
    request = Request(CellSource.from_text("y = x + 1"), {"x": torch.ones(3)}, mode=EAGER)
    surroundings = Surroundings(StreamOutput(), now=lambda: float(next(ticks)))
    found = graphmode_cell(request, surroundings).report
    assert found.runs == 2
    assert found.check.agrees is True
    assert any("takes long" in note for note in found.notes)


def test_a_cell_that_asks_for_input_runs_once() -> None:
    text = "if not isinstance(x, int):\n    y = x + 1\nelse:\n    y = input()"
    found = report(text, x=torch.ones(3))
    assert found.reason == "Not checked because line 4 asks for input."


def test_a_cell_that_cannot_be_put_back_runs_once() -> None:
    names: dict[str, Any] = {"x": torch.ones(3), "numbers": (k for k in range(3))}
    found = dlmagic.graphmode("y = x + next(numbers)", namespace=names, mode=EAGER)
    assert names["y"].tolist() == [1, 1, 1]
    assert next(names["numbers"]) == 1
    assert "numbers" in found.reason


@pytest.mark.parametrize("mode", [EAGER, None])
def test_a_name_that_is_missing_is_what_the_user_hears(mode: str | None) -> None:
    with pytest.raises(NameError, match="missing_name"):
        dlmagic.graphmode("a = 1\ny = missing_name + 1", namespace={}, mode=mode)
    names: dict[str, Any] = {}
    found = dlmagic.graphmode("a = 1\nif not a: missing_name", namespace=names, mode=mode)
    assert (found.ran, names["a"]) == ("eager", 1)
    assert found.reason


def test_strict_makes_an_error_of_a_cell_that_a_mode_cannot_run(tmp_path: Path) -> None:
    names: dict[str, Any] = {"x": torch.ones(3), "path": tmp_path / "there"}
    text = "y = x + 1\npath.write_text('x')"
    with pytest.raises(ModeUnavailable, match="line 2 writes a file"):
        dlmagic.graphmode(text, namespace=names, mode=EAGER, strict=True)


def test_what_a_mode_cannot_run_has_run_plainly() -> None:
    jnp = pytest.importorskip("jax.numpy")
    names: dict[str, Any] = {"x": jnp.arange(3.0)}
    found = dlmagic.graphmode("y = x[x > 0]", namespace=names, mode="jit")
    assert names["y"].tolist() == [1, 2]
    (finding,) = found.findings
    assert (found.ran, finding.kind, finding.line) == ("eager", "unsupported", 1)
    assert "ran eagerly, not in mode jit" in repr(found)


def test_a_reason_of_dlmagics_own_is_told_without_the_name_of_its_class() -> None:
    tf = pytest.importorskip("tensorflow")
    names: dict[str, Any] = {"x": tf.ones(3), "np": np}
    found = dlmagic.graphmode("y = x * np.random.rand()", namespace=names, mode="graph")
    assert found.reason.startswith("Random numbers of Python or NumPy")
    assert [each.message for each in found.findings] == [found.reason]


def until_still(state: torch.Tensor) -> torch.Tensor:
    for _ in range(6):
        new = torch.tanh(state * 0.9)
        if (new - state).abs().max() < 0.001:
            return new
        state = new
    return state


def test_a_loop_that_goes_on_behind_a_break_is_no_other_cause_of_compiling_again() -> None:
    found = report("y = until_still(x)", until_still=until_still, x=torch.ones(3))
    assert kinds(found) == {"graph-break"}
