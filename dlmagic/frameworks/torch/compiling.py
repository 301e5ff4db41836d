"""How each of PyTorch's modes prepares a cell."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.torch import _compat as compat

Backend = str | Callable[..., Any]


def prepare_eager(cell: CellLike) -> Prepared:
    """The cell as it is, with everything that was compiled before running eagerly as well."""
    return Prepared(cell.function, active=eager_stance)


def prepare_compile(
    cell: CellLike, arguments: Mapping[str, object], mode: str | None, backend: Backend
) -> Prepared:
    """The cell through ``torch.compile``, with a cache of its own; compiled at the first call.

    Modules and functions that the user compiled already are taken out of their wrapper, so
    that this mode's settings hold for them too; the user's own caches are not touched. Sizes
    count as variable only where they change in this mode's own calls: not where the cell was
    compiled before, in an earlier benchmark with other sizes.

    Args:
        cell: The compiled cell.
        arguments: The values of its parameters, by name.
        mode: PyTorch's name for a preset of options, None for the default.
        backend: ``"inductor"``; tests use cheaper ones, which take no mode.

    Raises:
        ModeUnavailable: Inductor finds no C++ compiler.
    """
    require_compiler(backend)
    options: dict[str, Any] = {"backend": backend}
    if mode is not None and backend == "inductor":
        options["mode"] = mode
    if "isolate_recompiles" in inspect.signature(torch.compile).parameters:
        options["isolate_recompiles"] = True
    sizes = _SizesSeen()
    with _Compiling(sizes):
        compiled = torch.compile(cell.function, **options)
    compat.free_compiled_code_of(cell.function)
    # Inductor finds the code of a first time on disk and in memory, whatever is done to its caches.
    repeatable = backend != "inductor"
    active = partial(_Compiling, sizes)
    return Prepared(compiled, _without_wrappers(arguments), (), active, repeatable)


def require_compiler(backend: Backend) -> None:
    """Refuse Inductor where there is no C++ compiler.

    Raises:
        ModeUnavailable: There is none.
    """
    if backend == "inductor" and compat.cpp_compiler_missing():
        raise ModeUnavailable(
            "torch.compile needs a C++ compiler, and none was found.",
            "Install g++ (Debian and Ubuntu: sudo apt install g++; macOS: xcode-select --install).",
        )


def _without_wrappers(arguments: Mapping[str, object]) -> dict[str, object]:
    inner = {name: compat.unwrapped(value) for name, value in arguments.items()}
    return {name: value for name, value in inner.items() if value is not arguments[name]}


def eager_stance() -> AbstractContextManager[object]:
    """Only where something can have been compiled: loading Dynamo takes a second."""
    if not compat.dynamo_is_loaded():
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


class _SizesSeen:
    """The sizes that one mode's own calls have shown Dynamo; entered, they are what it knows."""

    def __init__(self) -> None:
        self._own = compat.no_sizes_seen()

    def __enter__(self) -> None:
        self._before = compat.swap_sizes_seen(self._own)

    def __exit__(self, *error: object) -> None:
        self._own = compat.swap_sizes_seen(self._before)


class _Compiling(warnings.catch_warnings):
    """While compiled code runs, and may be compiled again.

    What PyTorch's own modules warn of meanwhile is not shown: the reference has shown it once.
    Inductor raises Python's recursion limit and leaves it so; it is put back.

    Args:
        sizes: What Dynamo knows of sizes meanwhile.
    """

    def __init__(self, sizes: _SizesSeen) -> None:
        super().__init__(record=False)
        self._sizes = sizes

    def __enter__(self) -> None:
        super().__enter__()
        self._sizes.__enter__()
        self._recursion_limit = sys.getrecursionlimit()
        warnings.filterwarnings("ignore", module=r"torch(\.|$)")

    def __exit__(self, *error: Any) -> None:
        sys.setrecursionlimit(self._recursion_limit)
        self._sizes.__exit__()
        super().__exit__(*error)
