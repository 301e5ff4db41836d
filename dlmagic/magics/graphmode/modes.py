"""Which graph mode a cell runs in."""

from __future__ import annotations

from dlmagic.cell.function import CellFunction
from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.choosing import framework_for, framework_of_mode
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.graphmode.capture import AnyCompiler, Compiler

MODES_OF = {
    "torch": ("compile", "export", "trace", "script"),
    "tensorflow": ("graph", "xla"),
    "keras": ("graph", "xla"),
    "jax": ("jit",),
    "numba": ("njit",),
    "python": ("njit",),
}
"""The graph modes of each framework, the default first; numba's must be asked for."""
GRAPH_MODES = tuple(dict.fromkeys(mode for modes in MODES_OF.values() for mode in modes))
_ASKED_FOR = ("numba", "python")
BACKENDS = ("eager", "aot_eager", "inductor")
"""What ``compile:BACKEND`` hands the graphs to; Inductor unless another is named."""


def choose_mode(cell: CellFunction, mode: str | None) -> tuple[Framework, str]:
    """The framework that a cell computes with, and the mode to run it in.

    Args:
        cell: The cell.
        mode: What the user named; None for the framework's default.

    Raises:
        ModeError: There is no such mode, it belongs to another framework, or the cell computes
            with none.
        MissingPackageError: The framework that has the mode is not installed.
    """
    values = [cell.namespace[name] for name in cell.reads if name in cell.namespace]
    if mode is not None:
        plain, _, backend = mode.partition(":")
        if plain not in GRAPH_MODES or (backend and plain != "compile"):
            raise ModeError(f"There is no graph mode {mode}.", nearest(plain, GRAPH_MODES))
        if backend and backend not in BACKENDS:
            raise ModeError(
                f"torch.compile has no backend {backend} here.", nearest(backend, BACKENDS)
            )
        # A benchmark has no mode export; it belongs to PyTorch like compile.
        known = "compile" if plain == "export" else plain
        return framework_of_mode(known, values, cell.attributes, MODES_OF), mode
    framework, reason = framework_for(values, cell.attributes)
    if framework is None:
        raise ModeError("No graph mode fits this cell: it computes with two frameworks.", reason)
    if framework.name in _ASKED_FOR:
        raise ModeError(
            "There is nothing to compile: the cell computes with no framework.",
            "For plain Python and NumPy, name numba's mode: -m njit.",
        )
    return framework, MODES_OF[framework.name][0]


def compiler_of(framework: Framework, mode: str) -> Compiler:
    """What compiles a cell in a mode."""
    plain, _, backend = mode.partition(":")
    if plain == "compile":
        from dlmagic.magics.graphmode.torch import DynamoCompiler

        return DynamoCompiler(backend or "inductor")
    if mode == "export":
        from dlmagic.magics.graphmode.torch import ExportCompiler

        return ExportCompiler()
    if mode == "trace":
        from dlmagic.magics.graphmode.torch import TraceCompiler

        return TraceCompiler(framework)
    if framework.name == "jax":
        from dlmagic.magics.graphmode.jax import JaxCompiler

        return JaxCompiler(framework)
    if framework.name == "tensorflow":
        from dlmagic.magics.graphmode.tensorflow import TensorFlowCompiler

        return TensorFlowCompiler(framework, mode)
    return AnyCompiler(framework, mode)
