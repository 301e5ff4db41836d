"""What findings say: the user's names, and numbers that are right."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import torch

from dlmagic.finding import Finding
from tests.magics.tensors.silent.programs import SETUP
from tests.magics.tensors.silent.watching import watched

_UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


def the_finding(text: str, **names: Any) -> Finding:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, namespace)
    namespace.update(names)
    (finding,) = watched(text, namespace, hints=True).findings
    return finding


@pytest.mark.alone
def test_a_copy_is_told_with_its_strides_its_bytes_and_the_time_it_takes() -> None:
    table = torch.rand(1200, 1000)
    finding = the_finding("for _ in range(3):\n    table.T.contiguous().sum()", table=table)
    assert finding.kind == "copied-again"
    assert "a view of table, whose strides are (1, 1000)" in finding.message
    assert "3 copies were seen, each of 4,800,000 bytes" in finding.message
    found = re.search(r"and ([\d.,]+) (ns|µs|ms|s) \(measured\)", finding.message)
    assert found is not None
    seconds = float(found[1].replace(",", "")) * _UNITS[found[2]]
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        table.T.contiguous()
        times.append(time.perf_counter() - begin)
    assert min(times) / 4 < seconds < 4 * max(times)


def test_a_copy_of_what_is_gone_is_estimated() -> None:
    text = (
        "def work():\n    table = torch.rand(300, 200)\n"
        "    return [table.T.contiguous() for _ in range(4)]\nwork()"
    )
    finding = the_finding(text)
    assert finding.line == 3
    assert "copies a tensor, whose strides are (1, 200)" in finding.message
    assert "each of 240,000 bytes" in finding.message
    assert "(estimated)" in finding.message


def test_data_with_gaps_are_named_with_their_columns() -> None:
    data = torch.ones(16, 4)
    data[2, 1] = data[3, 3] = torch.nan
    finding = the_finding("loss = net(data).mean()\nloss.backward()", data=data)
    assert finding.message.startswith("The loss is not finite; data holds NaN in columns 1, 3 ")
    assert finding.operands == ("data",)


def test_columns_have_the_names_of_the_table_that_they_come_from() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(torch.ones(16, 4).numpy(), columns=["age", "fare", "sex", "class"])
    frame.loc[5, "fare"] = float("nan")
    data = torch.tensor(frame.to_numpy())
    finding = the_finding("net(data).mean().backward()", data=data, frame=frame)
    assert "data holds NaN in column fare before" in finding.message


def test_a_cut_names_the_parameters() -> None:
    text = (
        "both = torch.optim.SGD([*net.parameters(), *classifier.parameters()], lr=0.1)\n"
        "hidden = net(x).detach().expand(16, 4)\n"
        "F.cross_entropy(classifier(hidden), labels).backward()\nboth.step()"
    )
    finding = the_finding(text)
    assert (finding.kind, finding.line) == ("graph-cut", 2)
    assert finding.message.startswith("detach() cuts the graph here: net.0.weight and 3 more never")
    assert finding.operands == ("net.0.weight", "net.0.bias", "net.2.weight")


def test_large_tensors_are_not_looked_at() -> None:
    text = "F.binary_cross_entropy_with_logits(large, large + 2).backward()"
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    names["large"] = torch.zeros(400, 400, requires_grad=True)
    assert watched(text, names, hints=True).findings == ()
    names["large"] = torch.zeros(40, 40, requires_grad=True)
    assert [each.kind for each in watched(text, names).findings] == ["labels-outside"]


ELSEWHERE = """
class Trainer:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
    def step(self, inputs):
        self.model(inputs).sum().backward()
        self.optimizer.step()
trainer = Trainer(dropping, optimizer)
def forget():
    optimizer.zero_grad()
"""


ON_ONE_LINE = """
for _ in range(2):
    optimizer.zero_grad()
    loss = dropping(x).sum()
    loss.backward(); of_classifier.step(); optimizer.step()
"""
IN_A_LOOP = """
for _ in range(2):
    (net(x).sum() + classifier(x).sum()).backward()
    for each in (optimizer, of_classifier): each.zero_grad(); each.step()
"""
BY_ANOTHER = """
for _ in range(2):
    optimizer.zero_grad()
    trainer.step(x)
"""
IN_ONE_EXPRESSION = """
for _ in range(2):
    loss = net(x).sum()
    loss.backward(), optimizer.zero_grad(), optimizer.step()
"""
IN_AN_EARLIER_CELL = """
for _ in range(2):
    net(x).sum().backward()
    forget()
    optimizer.step()
"""
GONE = "optimizer changes nothing: its gradients are cleared between backward() and step()."
NOT_REACHED = "changes nothing: backward() has reached none of its parameters."
CLEARED = "each.zero_grad() stands between backward() and step(), which then finds no gradient."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ON_ONE_LINE, f"optimizer {NOT_REACHED}"),
        (IN_A_LOOP, f"each changes nothing: {CLEARED}"),
        (BY_ANOTHER, f"The optimiser {NOT_REACHED}"),
        (IN_ONE_EXPRESSION, GONE),
        (IN_AN_EARLIER_CELL, GONE),
    ],
)
def test_an_optimiser_that_changes_nothing_is_told_for_what_it_is(text: str, message: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    exec(compile(ELSEWHERE, "an earlier cell", "exec"), names)
    found = [each.message for each in watched(text, names).findings]
    assert found.count(message) == 1


SUMMED = """
total = 0
for k in range(3):
    loss = net(x).mean()
    loss.backward(); optimizer.step(); optimizer.zero_grad()
    number = k; total = total + loss
"""
KEPT = """
losses = []
for _ in range(3): loss = net(x).mean(); loss.backward(); net.zero_grad(); losses.append(loss)
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SUMMED, "total keeps the graph of every step, and memory grows with each."),
        (KEPT, "Each loss is kept with its graph, and memory grows with every step."),
    ],
)
def test_code_that_is_a_part_of_a_line_is_not_offered_for_all_of_it(
    text: str, message: str
) -> None:
    finding = the_finding(text)
    assert finding.message == message
    assert finding.fix is not None
    assert finding.fix.code is None
