"""What Dynamo counts while it compiles."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

_GENERATOR = "Attempt to trace generator"


def dynamo_counters() -> Mapping[str, Mapping[str, int]]:
    """What Dynamo has counted so far; empty while it is not loaded."""
    utils = sys.modules.get("torch._dynamo.utils")
    return getattr(utils, "counters", {})


def graph_breaks() -> int:
    """How often Dynamo had to leave Python code out of a graph.

    A break at a branch on a tensor's value stays under ``unimplemented``, where each of them is
    noted first; so does reaching the recompile limit, which is counted elsewhere.
    """
    counters = dynamo_counters()
    return sum(
        count
        for category in ("graph_break", "unimplemented")
        for reason, count in counters.get(category, {}).items()
        if not reason.startswith(("Dynamo recompile limit", _GENERATOR))
    )


def frames_left_eager() -> int:
    """How many functions Dynamo tried to compile and gave up on.

    Generators do not count: it tries, and refuses, each one that is called outside a graph,
    those of Inductor's own code while that compiles included.
    """
    counters = dynamo_counters()
    frames = counters.get("frames", {})
    reasons = counters.get("unimplemented", {}).items()
    generators = sum(count for reason, count in reasons if reason.startswith(_GENERATOR))
    return max(0, frames.get("total", 0) - frames.get("ok", 0) - generators)


def compilations_per_frame() -> Iterable[int]:
    """How often each frame was compiled: one more than once is a recompilation."""
    convert_frame = sys.modules.get("torch._dynamo.convert_frame")
    return list(getattr(convert_frame, "FRAME_COMPILE_COUNTER", {}).values())


def backward_compilations() -> int:
    """How many backward graphs were compiled when a backward pass first needed them."""
    utils = sys.modules.get("torch._dynamo.utils")
    phases = getattr(utils, "compilation_time_metrics", {})
    return len(phases["backward._backward_impl"]) if "backward._backward_impl" in phases else 0


def compile_seconds(step: str) -> tuple[float, int]:
    """Seconds that a step of compiling has taken so far, and how often it ran; steps inside count.

    Args:
        step: PyTorch's own name of it, such as ``"_compile.compile_inner"``.
    """
    utils = sys.modules.get("torch._dynamo.utils")
    times = getattr(utils, "compilation_time_metrics", {}).get(step, ())
    return sum(times), len(times)
