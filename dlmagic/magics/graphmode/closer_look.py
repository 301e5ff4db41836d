"""What is looked at when all calls are made: what the graph has kept, gradients, a guilty stage."""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.kept_values import kept_values
from dlmagic.magics.graphmode.stages import guilty_stage

BUILT_IN = ("baked-branch", "baked-constant")
"""Kinds of findings about what a graph has kept of its first inputs."""


def look_closer(
    first: Call,
    compiled: CompiledCell,
    inspection: Inspection,
    mode: str,
    tell: Callable[[str], object],
) -> None:
    """Note in the inspection what the calls by themselves do not show.

    Args:
        first: The first call.
        compiled: The cell in its mode.
        inspection: Where it is noted.
        mode: The mode's name.
        tell: Takes what is being done.
    """
    agrees = first.agreement.agrees if first.agreement is not None else None
    inspection.prepared = compiled.prepared.findings
    if any(finding.kind in BUILT_IN for finding in compiled.prepared.findings):
        tell("looking for inputs that go wrong")
        inspection.look_for_witness(compiled)
    kept = kept_values(first.subject.cell, mode)
    if kept and agrees:
        tell("changing values that functions read")
        inspection.look_at_kept(kept, compiled)
    tell("comparing gradients")
    inspection.compare_gradients(compiled)
    if agrees is False:
        inspection.stage = guilty_stage(first, compiled, inspection, tell)
