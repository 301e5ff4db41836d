"""From a notebook's names to the table of its tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from dlmagic.environment import Environment
from dlmagic.errors import InputError, OptionError, nearest
from dlmagic.magics.tensors.collect import Collector, Found, joined
from dlmagic.magics.tensors.namespace import findings_about
from dlmagic.magics.tensors.numbers import numbers_of
from dlmagic.magics.tensors.request import SORT_KEYS, Request
from dlmagic.magics.tensors.result import TensorInfo, TensorTable
from dlmagic.magics.tensors.sharing import shared


def table_of(request: Request) -> TensorTable:
    """All tensors of a notebook, or those whose names match.

    Raises:
        InputError: No tensor's name matches the pattern.
        OptionError: There is no such order.
    """
    if request.sort not in SORT_KEYS:
        raise OptionError(
            f"--sort does not take {request.sort!r}.", nearest(request.sort, SORT_KEYS)
        )
    collector = Collector()
    own = collector.of_names(request.namespace)
    found = joined(
        own,
        collector.of_outputs(request.outputs),
        collector.of_traceback(request.traceback, request.namespace),
    )
    with_whom, total = shared([each.description.memory or () for each in found])
    names = [each.name for each in found]
    infos = [
        _info(each, [names[other] for other in others], request.values)
        for each, others in zip(found, with_whom, strict=True)
        if _matches(each.name, request.pattern)
    ]
    if request.pattern and not infos:
        raise InputError(f"No tensor is called {request.pattern}.", nearest(request.pattern, names))
    complete = collector.left >= 0
    parts = found[: len(own)], found[len(own) :]
    asked_for_all = complete and not request.pattern
    elsewhere = [each.description for each in found if each.description.memory is None]
    return TensorTable(
        environment=Environment.capture(),
        tensors=tuple(sorted(infos, key=_ORDERS[request.sort])),
        pattern=request.pattern,
        nbytes=total + sum(each.nbytes or 0 for each in elsewhere),
        complete=complete,
        findings=tuple(findings_about(request.namespace, *parts)) if asked_for_all else (),
    )


def _matches(name: str, pattern: str) -> bool:
    """Whether a name, or the variable that it begins with, is asked for."""
    variable = name.partition("[")[0].partition(".")[0].partition(" ")[0]
    return not pattern or fnmatchcase(name, pattern) or fnmatchcase(variable, pattern)


def _info(found: Found, others: Sequence[str], values: bool) -> TensorInfo:
    known = found.description
    return TensorInfo(
        name=found.name,
        kind=known.kind,
        shape=known.shape,
        dtype=known.dtype,
        device=known.device,
        strides=known.strides,
        contiguous=known.contiguous,
        requires_grad=known.requires_grad,
        nbytes=known.nbytes,
        shares_with=tuple(others),
        kept_by=found.kept_by,
        remark=known.remark,
        numbers=numbers_of(found.values) if values else None,
    )


def _by_shape(info: TensorInfo) -> tuple[Any, ...]:
    return (len(info.shape or ()), [str(axis).rjust(12) for axis in info.shape or ()], info.name)


_ORDERS: dict[str, Callable[[TensorInfo], Any]] = {
    "name": lambda info: info.name,
    "size": lambda info: (-(info.nbytes or 0), info.name),
    "shape": _by_shape,
    "dtype": lambda info: (info.dtype or "", info.name),
    "device": lambda info: (info.device or "", info.name),
    "kind": lambda info: (info.kind, info.name),
}
