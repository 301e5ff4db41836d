"""What a compiler left out of its graphs."""

from __future__ import annotations

import pytest
import torch

from dlmagic.magics.bench.eager_parts import findings_about_eager_parts
from dlmagic.magics.bench.report import result_of
from dlmagic.magics.bench.run import Run
from tests.magics.bench.parts import Steps


@pytest.mark.parametrize(
    ("first", "warm", "kinds"),
    [
        ({}, {}, []),
        ({"compile": 1}, {"compile": 2, "recompile": 1}, []),
        ({"graph break": 1}, {}, [("graph-break", "hint")]),
        ({}, {"graph break": 1}, [("graph-break", "hint")]),
        ({"fallback to eager": 2}, {}, [("eager-fallback", "warning")]),
        (
            {"graph break": 1, "fallback to eager": 1},
            {},
            [("graph-break", "hint"), ("eager-fallback", "warning")],
        ),
    ],
)
def test_counts_become_findings(first, warm, kinds) -> None:
    found = findings_about_eager_parts(first, warm)
    assert [(finding.kind, finding.level) for finding in found] == kinds


@pytest.mark.parametrize(
    ("first", "warm", "words"), [(1, 9, "broke once"), (2, 0, "broke 2 times"), (0, 3, "3 times")]
)
def test_the_warm_up_counts_only_where_the_first_call_was_whole(first, warm, words: str) -> None:
    (found,) = findings_about_eager_parts({"graph break": first}, {"graph break": warm})
    assert words in found.message


def test_no_reason_is_given_that_is_not_known() -> None:
    """A branch on a value breaks the graph, too, in a cell without print() or backward()."""
    (found,) = findings_about_eager_parts({"graph break": 1}, {})
    assert found.message.endswith("broke once; %%graphmode shows at which lines and why.")
    assert "print()" not in found.message


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("y = x + 1\ny * 2", set()),
        ("y = x + 1\nprint()\ny * 2", {"graph-break"}),
        (
            "for i in range(2):\n    x = x + i\n    print()\nx * 2",
            {"graph-break", "eager-fallback"},
        ),
    ],
)
def test_real_compilers_are_heard(text: str, kinds: set[str]) -> None:
    torch._dynamo.reset()
    steps = Steps(text, {"x": torch.ones(3)})
    run = Run({mode: steps.contestant(mode) for mode in ("eager", "compile")})
    result = result_of(steps.request, "eager", run, 1.0)
    assert {finding.kind for finding in result["compile"].findings} == kinds
    assert result["eager"].findings == ()
