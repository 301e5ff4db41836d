"""Which stage of a compiler is to blame for another answer."""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell, Staged
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.made_ready import made_ready


def guilty_stage(
    first: Call, compiled: CompiledCell, inspection: Inspection, tell: Callable[[str], object]
) -> str:
    """The first stage of the compiler after which the answer is wrong; empty if none is."""
    compiler = compiled.compiler
    for name, stage in compiler.stages() if isinstance(compiler, Staged) else ():
        tell(f"is it {name}?")
        call = first.once_more()
        ready = made_ready(first.subject, stage, compiled.framework, inspection)
        inspection.call_as_graph(call, ready)
        inspection.calls.pop()  # not one that the user asked for
        if call.agreement is not None and call.agreement.agrees is False:
            return name
    return ""
