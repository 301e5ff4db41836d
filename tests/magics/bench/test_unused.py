"""Values that nothing uses are told; effects, outputs and plain statements are not."""

from __future__ import annotations

import pytest
import torch

import dlmagic
from dlmagic.finding import Finding
from dlmagic.magics.bench.unused import findings_about_unused_values
from tests.magics.bench.parts import OUTPUT, Steps

A = torch.ones(3, 3)


def found(text: str, **names: object) -> list[Finding]:
    steps = Steps(text, {"a": A.clone(), **names})
    before = steps.namespace.copy()
    findings = findings_about_unused_values(steps.subject, OUTPUT)
    assert steps.namespace == before
    return list(findings)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a @ a\nb = a + 1", [1]),
        ("for _ in range(3):\n    a @ a", [2]),
        ("for _ in range(3):\n    torch.mm(a, a)\nelse:\n    a + 1\na", [2, 4]),
        ("if a.sum() > 0:\n    -a\na + 1", [2]),
        ("try:\n    a * 2\nfinally:\n    a * 3\n1", [2, 4]),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    a * 2\n1", [4]),
        ("with torch.no_grad():\n    a.exp()\na", [2]),
        ("match 1:\n    case 1:\n        a.exp()\na", [3]),
        ("torch.nn.functional.relu(a, inplace=False)\na", [1]),
        ("def f(x):\n    x * 2\n    return x\nf(a)\nf(a)", [4]),
    ],
)
def test_a_dropped_array_is_told_at_its_line(text: str, lines: list[int]) -> None:
    findings = found(text)
    assert [finding.line for finding in findings] == lines
    assert findings[0].source == text.splitlines()[lines[0] - 1].strip()


@pytest.mark.parametrize(
    "text",
    [
        "b = a @ a",
        "a @ a",
        "b = a\nb @ b",
        "print(a)\na",
        '"""A text."""\na @ a',
        "rows = []\nfor _ in range(3):\n    rows.append(a @ a)",
        "w = a.clone().requires_grad_()\n(w * 2).sum().backward()\nw.grad",
        "def f(x):\n    x * 2\n    return x\nf(a)",
        "3 + 4\na",
        "a.relu_()\na",
        "for _ in range(3):\n    torch.nn.init.zeros_(a)",
        "torch.add(a, 1, out=a)\na",
        "torch.nn.functional.relu(a, inplace=True)\na",
        "w = a.clone().requires_grad_()\nw.sum().backward()\nw.grad.data.zero_()\n1",
    ],
)
def test_what_is_used_or_no_array_is_not_told(text: str) -> None:
    assert found(text) == []


def test_state_is_put_back() -> None:
    values = torch.zeros(3)
    found("values.add_(1)\nvalues", values=values)
    assert values.tolist() == [0, 0, 0]


def test_a_cell_that_cannot_run_so_says_nothing() -> None:
    assert found("import sys\nassert len(sys._getframe().f_code.co_names) > 99\na @ a\na") == []


def test_it_reaches_the_result_where_there_is_more_than_one_mode() -> None:
    a = A.clone()
    assert a is not None
    text = "for _ in range(3):\n    a @ a"
    result = dlmagic.bench(text, namespace={"a": a}, modes=["eager", "trace"], time=0.1)
    several = dlmagic.bench(f"{text}\na.relu()", namespace={"a": a}, modes=["eager"], time=0.1)
    assert "unused-value" in [finding.kind for finding in result.findings]
    assert several.findings == tuple(f for f in several.findings if f.kind != "unused-value")
