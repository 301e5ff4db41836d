"""A check within a kernel of the GPU failed; nothing may be asked of the GPU any more."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"device-side assert triggered"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Why the line may be the wrong one, and how to find the right one."""
    return Explained(
        kind="device-assert",
        message=(
            "The GPU met an index out of range, mostly a class or a word beyond the last; such "
            "errors arrive late, so an earlier line may be the cause."
        ),
        candidates=(
            Candidate(
                "Restart the kernel, without which the GPU runs nothing more, and run the same on "
                "the CPU: there the error names the line and the index."
            ),
        ),
    )
