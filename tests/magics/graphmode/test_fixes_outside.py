"""Fixes above, below and in other cells: what is tried leaves no trace, and what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import dlmagic
from dlmagic.finding import Fix
from dlmagic.magics.graphmode.result import GraphReport

EAGER = "compile:eager"


def report(text: str, names: dict[str, Any], mode: str = EAGER, calls: str | None = None) -> Any:
    return dlmagic.graphmode(text, namespace=names, mode=mode, calls=calls)


def fixes(found: GraphReport) -> list[Fix]:
    return [each.fix for each in found.findings if each.fix and each.fix.status == "verified"]


class Counter:
    def __init__(self) -> None:
        self.count = 0


def test_numbers_stay_numbers_in_the_notebook() -> None:
    counter = Counter()
    names = {"counter": counter, "x": torch.ones(3), "lr": 0.5, "torch": torch}
    found = report("counter.count += 1\ny = x * lr * counter.count\nlr = lr * 0.9", names)
    (fix,) = fixes(found)
    assert fix.text == "Make lr and counter.count tensors in an earlier cell."
    assert fix.code == "lr = torch.tensor(lr)\ncounter.count = torch.tensor(counter.count)"
    assert (counter.count, names["lr"]) == (1, 0.45)


def test_an_attribute_that_changed_is_shown_with_both_values() -> None:
    names = {"counter": Counter(), "x": torch.ones(3), "torch": torch}
    (finding,) = report("counter.count += 1\ny = x * counter.count", names).findings
    assert finding.message == "Compiled again: counter.count is 1 now, and was 0."


def test_a_length_is_marked_on_no_tensor_of_the_user() -> None:
    x, longer = torch.ones(3), torch.ones(5)
    names = {"x": x, "longer": longer, "torch": torch}
    found = report("y = x * 2", names, calls="x=longer")
    assert fixes(found)[0].code == "torch._dynamo.mark_dynamic(x, 0)"
    assert vars(x) == vars(longer) == {}


def test_a_fix_takes_two_runs_and_six_fixes_are_tried_at_most() -> None:
    one = report("y = x * n\nn = n + 1", {"x": torch.ones(3), "n": 2, "torch": torch})
    assert (len(fixes(one)), one.runs) == (1, 8)
    text = "\n".join(f"if x.sum() > {k}:\n    print({k})" for k in range(8))
    many = report(f"{text}\ny = x", {"x": torch.ones(9), "torch": torch})
    assert len(many.findings) > 6
    assert many.runs <= 6 + 2 * 6


def test_a_fix_that_mends_several_findings_is_tried_once() -> None:
    w = torch.ones(3, requires_grad=True)
    names = {"w": w, "optimizer": torch.optim.SGD([w], lr=0.1), "x": torch.ones(3)}
    found = report("loss = (w * x).sum()\nloss.backward()\noptimizer.step()\ny = x + 1", names)
    assert len(found.findings) == len(fixes(found)) == 2
    assert len({fix.code for fix in fixes(found)}) == 1
    plain = report(
        "loss = (w * x).sum()\nfor step in (loss.backward, optimizer.step):\n    step()", names
    )
    assert found.runs - plain.runs <= 2


def test_a_fix_that_changes_the_order_of_prints_is_none() -> None:
    text = (
        "y = x + 1\nif n:\n    print('inner')\nprint('outer')\nz = y * 2\nif n:\n    print('last')"
    )
    found = report(text, {"x": torch.ones(3), "n": 1, "torch": torch})
    outer = next(each for each in found.findings if each.line == 4)
    assert outer.fix is None or outer.fix.status == "unverified"


def test_a_fix_that_breaks_the_graph_is_none() -> None:
    found = report("y = x[:n]", {"x": torch.ones(9), "n": 2, "torch": torch}, calls="n=3,4")
    assert [each.kind for each in found.findings] == ["recompile"]
    assert fixes(found) == []


# Functions from other cells

HELPERS = """
def helper(v):
    if v.sum() > 0:
        return v + offset
    return v - offset
def twice(v):
    return helper(helper(v))
offset = 1.0
class Model:
    def __call__(self, v):
        if v.sum() > 0:
            return v + 1
        return v
model = Model()
"""


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    """What a file of the user's has defined."""
    file = tmp_path / "helpers.py"
    file.write_text(HELPERS, encoding="utf-8")
    made: dict[str, Any] = {"__name__": "__main__", "torch": torch, "x": torch.ones(3)}
    exec(compile(HELPERS, str(file), "exec"), made)
    return made


@pytest.mark.parametrize("mode", [EAGER, "trace", "export"])
@pytest.mark.parametrize("call", ["helper(x)", "twice(x)"])
def test_a_function_of_another_cell_is_mended_in_a_copy(
    names: dict[str, Any], mode: str, call: str
) -> None:
    before = dict(names), names["helper"].__code__
    found = report(f"y = {call}", names, mode)
    broken = [each for each in found.findings if each.kind != "baked-constant"]
    assert {(each.cell, each.line) for each in broken} == {("helpers.py", 3)}
    assert broken[0].fix is not None
    assert broken[0].fix.status == "verified"
    assert broken[0].fix.code == "return torch.where(v.sum() > 0, v + offset, v - offset)"
    assert all(names[name] is value for name, value in before[0].items())
    assert names["helper"].__code__ is before[1]


def test_a_method_is_told_of_and_not_mended(names: dict[str, Any]) -> None:
    found = report("y = model(x)", names)
    (finding,) = found.findings
    assert (finding.cell, finding.line) == ("helpers.py", 11)
    assert fixes(found) == []


# Values from outside


def test_a_value_from_outside_is_tried_and_put_back(names: dict[str, Any]) -> None:
    exec("def shifted(v):\n    return v + offset", names)
    found = report("y = shifted(x)", names, "trace")
    (finding,) = found.findings
    assert finding.message.startswith("shifted reads the global offset (1.0), and the graph keeps")
    assert (finding.level, finding.line) == ("warning", 1)
    assert (names["offset"], found.runs) == (1.0, 6)


def test_of_many_values_three_are_tried(names: dict[str, Any]) -> None:
    names.update(a=1.0, b=2.0, c=3.0, d=4.0)
    exec("def mixed(v):\n    return v + a + b + c + d", names)
    found = report("y = mixed(x)", names, "trace")
    assert [each.level for each in found.findings] == ["warning"] * 3 + ["hint"]
    assert found.runs == 4 + 2 * 3


def test_values_that_dynamo_looks_at_in_each_call_are_no_finding(names: dict[str, Any]) -> None:
    exec("def shifted(v):\n    return v + offset", names)
    assert report("y = shifted(x)", names).findings == ()


# What can only be told


def test_an_iterator_that_is_used_up_is_told_of_at_its_line() -> None:
    names = {"x": torch.ones(3), "pulses": iter([1.0, 2.0]), "torch": torch}
    found = report("y = x + 1\nz = y * next(pulses)", names)
    (finding,) = found.findings
    assert (finding.kind, finding.line, finding.operands) == ("unsupported", 2, ("pulses",))
    assert finding.fix is not None
    assert "value = next(pulses)" in finding.fix.text
    assert list(names["pulses"]) == [2.0], "the cell has run once, as it is"


def test_a_cell_that_leaks_values_of_a_trace_has_run_and_is_told_so() -> None:
    jax = pytest.importorskip("jax")
    names: dict[str, Any] = {"jax": jax, "x": jax.numpy.arange(3.0)}
    text = (
        "out = []\ndef body(k, s):\n    out.append(s)\n    return s + k\n"
        "y = jax.lax.fori_loop(0, 3, body, x.sum())"
    )
    found = report(text, names, "jit")
    assert float(names["y"]) == 6.0
    assert "return the value from that function" in found.reason


def test_what_tensorflow_logs_for_itself_is_no_log_record_of_the_cell() -> None:
    tf = pytest.importorskip("tensorflow")
    names: dict[str, Any] = {"tf": tf, "x": tf.ones(3)}
    exec("@tf.function\ndef times(v, k):\n    return v * k", names)
    text = "y = x\nfor k in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0):\n    y = y + times(x, k)"
    assert report(text, names, "graph").findings == ()
