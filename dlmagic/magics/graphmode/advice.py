"""What can be advised where no rewrite was found to hold."""

from __future__ import annotations

import re

from dlmagic.finding import Finding, Fix

_LENGTH = re.compile(r"the length of axis (?P<axis>\d+) of (?P<name>\S+) is")
_GONE = "an object that it was compiled for is gone"
_LENGTHS = {
    "torch": "Pad {name} to a few lengths, so that there are only so many graphs.",
    "jax": "A program is made for each shape: pad {name} to a few lengths.",
    "tensorflow": (
        "In a function of your own, leave the axis open: @tf.function(reduce_retracing=True), or "
        "an input_signature with None for axis {axis} of {name}."
    ),
}


def advice_about(finding: Finding, framework: str) -> Fix | None:
    """Words instead of a rewrite, or None."""
    length = _LENGTH.search(finding.message) if finding.kind == "recompile" else None
    if length and framework in _LENGTHS:
        return Fix(_LENGTHS[framework].format(**length.groupdict()))
    if finding.kind == "recompile" and _GONE in finding.message:
        return Fix("Make models and optimizers in a cell above, once.")
    return None
