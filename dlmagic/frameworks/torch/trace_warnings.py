"""TorchScript's warnings as findings: one each, at the user's line, instead of a wall."""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Iterable
from pathlib import Path

import torch

from dlmagic.finding import Finding
from dlmagic.frameworks.torch import _compat as compat

DEPRECATED = Finding(
    "deprecated",
    "hint",
    "TorchScript (trace, script) is deprecated: PyTorch recommends torch.compile or torch.export.",
)
"""Said once, the same words for both modes."""


def findings_from(caught: Iterable[warnings.WarningMessage], name: str) -> list[Finding]:
    """What tracing may have got wrong; its other warnings are dropped.

    Args:
        caught: The warnings of one conversion.
        name: What was converted, in the user's own name.
    """
    traced = (item for item in caught if issubclass(item.category, compat.TracerWarning))
    kept = (item for item in traced if not (_of_backward(item) or _only_checks(item)))
    return list(dict.fromkeys(_finding(item, name) for item in kept))


def _only_checks(warning: warnings.WarningMessage) -> bool:
    """Whether PyTorch itself only looks there whether to raise, as batch normalisation does."""
    below = linecache.getline(warning.filename, warning.lineno + 1).strip()
    return below.startswith("raise ") and _is_in(torch.__file__, warning)


def _of_backward(warning: warnings.WarningMessage) -> bool:
    """Whether PyTorch itself branches in ``backward()``, which no trace holds anyway."""
    return _is_in(torch.autograd.__file__, warning)


def _is_in(package: str, warning: warnings.WarningMessage) -> bool:
    return Path(warning.filename).is_relative_to(Path(package).parent)


def _finding(item: warnings.WarningMessage, name: str) -> Finding:
    branch = "boolean" in str(item.message)
    what = (
        f"Tracing {name} kept only the branch that its example input took"
        if branch
        else f"Tracing {name} turned a value into a constant of the graph"
    )
    source = linecache.getline(item.filename, item.lineno).strip() or None
    return Finding(
        kind="baked-branch" if branch else "baked-constant",
        level="warning",
        message=f"{what} (line {item.lineno}); other inputs may give wrong answers.",
        cell=item.filename,
        line=item.lineno,
        source=source,
        operands=(name,),
    )
