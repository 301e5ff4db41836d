"""Small programs with what a graph does to them: faulty ones, and their clean twins."""

from __future__ import annotations

from tests.magics.graphmode.corpus.jax_jit import JIT
from tests.magics.graphmode.corpus.numba_njit import NJIT
from tests.magics.graphmode.corpus.program import Program, some_of_each_kind
from tests.magics.graphmode.corpus.tensorflow_graph import GRAPH_TENSORFLOW
from tests.magics.graphmode.corpus.torch_compile import COMPILE
from tests.magics.graphmode.corpus.torch_export import EXPORT
from tests.magics.graphmode.corpus.torch_trace import TRACE

PROGRAMS = [*COMPILE, *TRACE, *EXPORT, *JIT, *GRAPH_TENSORFLOW, *NJIT]
IN_TESTS = some_of_each_kind(PROGRAMS, 2)
"""Part of every test run; all of them of ``make prove``."""

__all__ = ["IN_TESTS", "PROGRAMS", "Program"]
