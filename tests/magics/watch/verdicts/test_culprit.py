"""The words for who made the first NaN or Inf."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

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


@pytest.mark.parametrize(
    ("framework", "code"),
    [
        ("torch", "x.clamp_min(1e-8).log()"),
        ("jax", "jnp.log(jnp.maximum(x, 1e-8))"),
        ("keras", "keras.ops.log(keras.ops.maximum(x, 1e-8))"),
    ],
)
def test_what_is_advised_is_written_for_the_models_framework(framework: str, code: str) -> None:
    fix = finding_of(LOG, framework).fix
    assert fix is not None
    assert fix.text == f"Clamp what goes in, as in {code}, or use log_softmax or " + (
        "logsigmoid." if framework == "torch" else "log_sigmoid."
    )


@pytest.mark.parametrize("framework", ["jax", "keras"])
@pytest.mark.parametrize(
    "operation", ["log", "sqrt", "norm", "std", "div", "exp", "pow", "acos", "entropy", "mean", ""]
)
@pytest.mark.parametrize("pass_", ["forward", "unknown"])
def test_no_advice_on_another_framework_is_in_words_of_torch(
    framework: str, operation: str, pass_: Literal["forward", "unknown"]
) -> None:
    culprit = replace(LOG, operation=operation, kind="", pass_=pass_)
    for each in (culprit, replace(culprit, what="Inf", dtype="float16")):
        fix = finding_of(each, framework).fix
        assert fix is not None
        for word in ("torch", "clamp_", ".sqrt()", ".log()", "{", "}"):
            assert word not in fix.text
