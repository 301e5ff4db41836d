"""The words for who made the first NaN or Inf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.verdicts.culprit import finding_of

LOG = Culprit(
    12, "forward", "encoder.2", "Log", 1, "NaN", 3, 640, operation="log", inputs=(-0.52, 3.1)
)


def test_all_that_is_known_is_said() -> None:
    finding = finding_of(LOG)
    assert (finding.kind, finding.level, finding.operands) == (
        "not-finite",
        "error",
        ("encoder.2",),
    )
    assert finding.message == (
        "At step 12, the first NaN came out of encoder.2 (Log) in the forward pass: 3 of 640 "
        "values are NaN, from log; its inputs lie between -0.5 and 3, likely because the logarithm "
        "of zero is -inf, and of a negative number NaN."
    )
    assert finding.fix is not None
    assert "clamp_min" in finding.fix.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"call": 4}, "encoder.2 (Log), in its call 4, in the forward pass"),
        ({"pass_": "backward"}, "the first gradient that is NaN came out of encoder.2 (Log) in"),
        ({"pass_": "backward", "certain": False}, "from encoder.2 (Log) backwards, as the grad"),
        ({"pass_": "loss", "layer": "", "operation": ""}, "all outputs of the model were finite"),
        ({"pass_": "input", "layer": ""}, "the batch that the model was called with is not finite"),
        ({"pass_": "input", "layer": ""}, "the others lie between -0.5 and 3"),
        (
            {"pass_": "input", "layer": "", "parameter": "targets"},
            "targets, given to the step, is not finite: 3 of 640 values are NaN",
        ),
        (
            {"pass_": "parameter", "parameter": "weight"},
            "weight of encoder.2 (Log) was not finite before the model was called",
        ),
        ({"pass_": "unknown", "count": 2, "total": 8}, "the gradients of 2 of 8 parameters"),
        ({"pass_": "unknown", "count": 0}, "does not show where"),
        (
            {"pass_": "donated", "count": 1, "total": 1, "layer": "", "operation": ""},
            "the one number that the step returned is NaN; the step could not be run once more",
        ),
        (
            {"pass_": "result", "count": 1, "total": 2, "layer": "", "operation": ""},
            "1 of 2 numbers that the step returned is NaN; where it began is not known",
        ),
        (
            {"pass_": "result", "call": 6, "count": 3, "total": 8, "layer": "", "operation": ""},
            "3 of 8 numbers that the step returned are NaN, the first at index 5; where it",
        ),
        ({"layer": "", "kind": "Net"}, "came out of the model itself (Net) in"),
        ({"operation": "softmax"}, "a row is masked as a whole"),
        ({"operation": "layer_norm"}, "divided by their standard deviation"),
        ({"operation": "", "kind": "LayerNorm"}, "divided by their standard deviation"),
        ({"operation": "__truediv__"}, "something is divided by zero"),
        ({"operation": "mul", "what": "Inf", "dtype": "float16"}, "float16 ends at 65,504"),
        ({"operation": "matmul", "kind": "Linear", "inputs": (-1e25, 3.0)}, "overflows"),
    ],
)
def test_every_pass_and_cause_has_words(change: dict[str, object], says: str) -> None:
    finding = finding_of(replace(LOG, **change))  # type: ignore[arg-type]
    assert says in finding.message
    assert finding.message.endswith(".")
    assert finding.fix is not None
