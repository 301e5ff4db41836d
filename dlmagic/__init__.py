"""Jupyter magics for deep learning: ``%load_ext dlmagic``, then ``%%dlbench`` above a cell.

The same things without a notebook are the names below. Importing this package
imports none of them: each arrives when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from dlmagic.environment import Environment as Environment
    from dlmagic.errors import CellError as CellError
    from dlmagic.errors import DLMagicError as DLMagicError
    from dlmagic.errors import InputError as InputError
    from dlmagic.errors import MissingPackageError as MissingPackageError
    from dlmagic.errors import ModeError as ModeError
    from dlmagic.errors import ModeUnavailable as ModeUnavailable
    from dlmagic.errors import NothingFreeError as NothingFreeError
    from dlmagic.errors import OptionError as OptionError
    from dlmagic.errors import PickError as PickError
    from dlmagic.errors import RankError as RankError
    from dlmagic.errors import ResultFormatError as ResultFormatError
    from dlmagic.errors import StateError as StateError
    from dlmagic.errors import TooLateError as TooLateError
    from dlmagic.errors import TrainingStopped as TrainingStopped
    from dlmagic.finding import Finding as Finding
    from dlmagic.finding import Fix as Fix
    from dlmagic.magics.bench.arm_result import Arm as Arm
    from dlmagic.magics.bench.result import BenchResult as BenchResult
    from dlmagic.magics.bench.twin import bench as bench
    from dlmagic.magics.gpus.pick.handle import Pick as Pick
    from dlmagic.magics.gpus.pick.result import PickedGpu as PickedGpu
    from dlmagic.magics.gpus.pick.result import PickResult as PickResult
    from dlmagic.magics.gpus.pick.result import ReleaseResult as ReleaseResult
    from dlmagic.magics.gpus.pick.twin import pick_gpus as pick_gpus
    from dlmagic.magics.gpus.ranks.handle import RanksPick as RanksPick
    from dlmagic.magics.gpus.ranks.pick_result import RanksPickResult as RanksPickResult
    from dlmagic.magics.gpus.ranks.pick_result import RanksReleaseResult as RanksReleaseResult
    from dlmagic.magics.gpus.result import GpuInfo as GpuInfo
    from dlmagic.magics.gpus.result import GpuReport as GpuReport
    from dlmagic.magics.gpus.twin import gpus as gpus
    from dlmagic.magics.graphmode.autograd.result import AutogradGraph as AutogradGraph
    from dlmagic.magics.graphmode.autograd.twin import autograd as autograd
    from dlmagic.magics.graphmode.result import GraphReport as GraphReport
    from dlmagic.magics.graphmode.twin import graphmode as graphmode
    from dlmagic.magics.tensors.explain.result import Explanation as Explanation
    from dlmagic.magics.tensors.result import TensorInfo as TensorInfo
    from dlmagic.magics.tensors.result import TensorTable as TensorTable
    from dlmagic.magics.tensors.silent.result import SilentMistakes as SilentMistakes
    from dlmagic.magics.tensors.twin import tensors as tensors
    from dlmagic.magics.watch.result import WatchResult as WatchResult
    from dlmagic.magics.watch.session import WatchSession as WatchSession
    from dlmagic.magics.watch.summary.result import ModelSummary as ModelSummary
    from dlmagic.magics.watch.summary.twin import summary as summary
    from dlmagic.magics.watch.twin import watch as watch
    from dlmagic.result import Result as Result

__version__ = "0.1.0"

_HOMES = {
    "Arm": "dlmagic.magics.bench.arm_result",
    "AutogradGraph": "dlmagic.magics.graphmode.autograd.result",
    "BenchResult": "dlmagic.magics.bench.result",
    "CellError": "dlmagic.errors",
    "DLMagicError": "dlmagic.errors",
    "Environment": "dlmagic.environment",
    "Explanation": "dlmagic.magics.tensors.explain.result",
    "Finding": "dlmagic.finding",
    "Fix": "dlmagic.finding",
    "GpuInfo": "dlmagic.magics.gpus.result",
    "GpuReport": "dlmagic.magics.gpus.result",
    "GraphReport": "dlmagic.magics.graphmode.result",
    "InputError": "dlmagic.errors",
    "MissingPackageError": "dlmagic.errors",
    "ModeError": "dlmagic.errors",
    "ModeUnavailable": "dlmagic.errors",
    "ModelSummary": "dlmagic.magics.watch.summary.result",
    "NothingFreeError": "dlmagic.errors",
    "OptionError": "dlmagic.errors",
    "Pick": "dlmagic.magics.gpus.pick.handle",
    "PickError": "dlmagic.errors",
    "PickResult": "dlmagic.magics.gpus.pick.result",
    "PickedGpu": "dlmagic.magics.gpus.pick.result",
    "ReleaseResult": "dlmagic.magics.gpus.pick.result",
    "RankError": "dlmagic.errors",
    "RanksPick": "dlmagic.magics.gpus.ranks.handle",
    "RanksPickResult": "dlmagic.magics.gpus.ranks.pick_result",
    "RanksReleaseResult": "dlmagic.magics.gpus.ranks.pick_result",
    "Result": "dlmagic.result",
    "ResultFormatError": "dlmagic.errors",
    "SilentMistakes": "dlmagic.magics.tensors.silent.result",
    "StateError": "dlmagic.errors",
    "TensorInfo": "dlmagic.magics.tensors.result",
    "TensorTable": "dlmagic.magics.tensors.result",
    "TooLateError": "dlmagic.errors",
    "TrainingStopped": "dlmagic.errors",
    "WatchResult": "dlmagic.magics.watch.result",
    "WatchSession": "dlmagic.magics.watch.session",
    "autograd": "dlmagic.magics.graphmode.autograd.twin",
    "bench": "dlmagic.magics.bench.twin",
    "gpus": "dlmagic.magics.gpus.twin",
    "graphmode": "dlmagic.magics.graphmode.twin",
    "pick_gpus": "dlmagic.magics.gpus.pick.twin",
    "summary": "dlmagic.magics.watch.summary.twin",
    "tensors": "dlmagic.magics.tensors.twin",
    "watch": "dlmagic.magics.watch.twin",
}
"""Every public name and the module that it lives in."""

__all__ = [
    "Arm",
    "AutogradGraph",
    "BenchResult",
    "CellError",
    "DLMagicError",
    "Environment",
    "Explanation",
    "Finding",
    "Fix",
    "GpuInfo",
    "GpuReport",
    "GraphReport",
    "InputError",
    "MissingPackageError",
    "ModeError",
    "ModeUnavailable",
    "ModelSummary",
    "NothingFreeError",
    "OptionError",
    "Pick",
    "PickError",
    "PickResult",
    "PickedGpu",
    "RankError",
    "RanksPick",
    "RanksPickResult",
    "RanksReleaseResult",
    "ReleaseResult",
    "Result",
    "ResultFormatError",
    "SilentMistakes",
    "StateError",
    "TensorInfo",
    "TensorTable",
    "TooLateError",
    "TrainingStopped",
    "WatchResult",
    "WatchSession",
    "autograd",
    "bench",
    "gpus",
    "graphmode",
    "pick_gpus",
    "summary",
    "tensors",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dlmagic' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """What ``%load_ext dlmagic`` calls."""
    from dlmagic.shell.extension import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """What ``%unload_ext dlmagic`` calls."""
    from dlmagic.shell.extension import unload

    unload(ipython)
