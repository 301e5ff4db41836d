"""What ``torch.compile`` spends its time on, and whether Inductor's disk cache took part."""

from __future__ import annotations

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.torch import _compat as compat

# PyTorch's own names for the steps, each inside the one above it.
_WHOLE = "_compile.compile_inner"
_BACKEND = "OutputGraph.call_user_compiler"
_AOT_AUTOGRAD = "create_aot_dispatcher_function"
_INDUCTOR = ("compile_fx.<locals>.fw_compiler_base", "compile_fx.<locals>.bw_compiler")
# A backward graph that is compiled when it is first needed, after all of these.
_BACKWARD = "backward._backward_impl"


def compile_costs(backend: object) -> CompileCosts:
    """Dynamo, AOTAutograd and Inductor, without what each hands on to the next.

    Args:
        backend: What graphs are handed to. What it does by itself, before AOTAutograd and
            after, is Inductor's where that is the backend, otherwise ``"backend"``.
    """
    whole, compilations = compat.compile_seconds(_WHOLE)
    handed_on = compat.compile_seconds(_BACKEND)[0]
    forward = compat.compile_seconds(_AOT_AUTOGRAD)[0]
    backward, backwards = compat.compile_seconds(_BACKWARD)
    inductor = sum(compat.compile_seconds(step)[0] for step in _INDUCTOR)
    phases = {"Dynamo": whole - handed_on, "AOTAutograd": forward + backward - inductor}
    if backend == "inductor":
        phases["Inductor"] = handed_on - forward + inductor
    else:
        phases |= {"Inductor": inductor, "backend": handed_on - forward}
    return CompileCosts(phases, *_disk_cache(), compilations + backwards)


def _disk_cache() -> tuple[int, int]:
    """Graphs that Inductor and AOTAutograd loaded from their caches, and such as they stored."""
    counters = compat.dynamo_counters()
    graphs, autograd = counters.get("inductor", {}), counters.get("aot_autograd", {})
    unsaved = ("fxgraph_cache_pickle_error", "fxgraph_cache_write_error")
    missed = graphs.get("fxgraph_cache_miss", 0) - sum(graphs.get(name, 0) for name in unsaved)
    loaded = graphs.get("fxgraph_cache_hit", 0) + autograd.get("autograd_cache_hit", 0)
    return loaded, max(0, missed) + autograd.get("autograd_cache_saved", 0)
