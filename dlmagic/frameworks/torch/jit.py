"""The modes ``trace`` and ``script``: TorchScript in place of what the cell calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dlmagic.errors import ModeUnavailable
from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.failure import explain_failure
from dlmagic.frameworks.torch.observe import Call, Observation, StandIn, observe
from dlmagic.frameworks.torch.trace_warnings import DEPRECATED, findings_from

Converted = Callable[..., Any]


class NotConverted(Exception):  # noqa: N818 - an expected outcome, shown to the user as a hint
    """Why one callable stays as it is, in the words that follow "... runs eagerly: "."""


def prepare(
    mode: str,
    cell: CellLike,
    arguments: Mapping[str, object],
    run_once: Callable[[Mapping[str, object]], object],
) -> Prepared:
    """Replace each module and function that the cell calls by its TorchScript form.

    Raises:
        ModeUnavailable: The cell calls none that can be replaced.
    """
    observation = observe(arguments, run_once)
    convert = _trace if mode == "trace" else _script
    replaced: dict[str, object] = {}
    findings: list[Finding] = []
    refused: dict[str, str] = {}
    for name in _outermost_first(observation):
        if all(set(call.inside) & replaced.keys() for call in observation.calls[name]):
            continue  # it is called only from what has been replaced already
        try:
            replaced[name] = _replacement(name, observation, convert, findings)
        except NotConverted as reason:
            refused[name] = str(reason)
    if not replaced:
        raise ModeUnavailable(*_nothing_to_do(mode, refused))
    said = _summary(mode, replaced, refused) + tuple(findings)
    # A function that was scripted once is found again in memory; tracing begins anew.
    return Prepared(cell.function, replaced, said, repeatable=mode == "trace")


def _outermost_first(observation: Observation) -> list[str]:
    return sorted(observation.calls, key=lambda name: len(observation.calls[name][0].inside))


def _replacement(
    name: str,
    observation: Observation,
    convert: Callable[[Any, Sequence[Call]], Converted],
    findings: list[Finding],
) -> object:
    target, calls = observation.targets[name], observation.calls[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            converted = _for_each_training_flag(target, calls, convert)
        except NotConverted:
            raise
        except Exception as error:  # whatever TorchScript dislikes, the cell runs without it
            explained = explain_failure(error, None)
            raise NotConverted(explained[0] if explained else _one_line(error)) from error
    findings.extend(findings_from(caught, name))
    return converted


def _for_each_training_flag(
    target: Any, calls: Sequence[Call], convert: Callable[[Any, Sequence[Call]], Converted]
) -> object:
    """One graph per training flag, since tracing bakes dropout and batch norm in."""
    if not isinstance(target, torch.nn.Module):
        return convert(target, calls)
    flag_now = [(module, module.training) for module in target.modules()]
    graphs: dict[bool, Converted] = {}
    try:
        for training in sorted({call.training for call in calls}):
            if target.training != training:
                target.train(training)
            graphs[training] = convert(target, [c for c in calls if c.training == training])
    finally:
        for module, flag in flag_now:
            module.training = flag
    if len(graphs) == 1:
        return StandIn(target, next(iter(graphs.values())))
    return StandIn(target, lambda *inputs, **named: graphs[target.training](*inputs, **named))


def _trace(target: Any, calls: Sequence[Call]) -> Converted:
    for call in calls:
        if call.keywords:
            raise NotConverted(f"it is called with the keyword {next(iter(call.keywords))}=")
        strangers = [
            v for v in compat.pytree.tree_leaves(call.arguments) if not isinstance(v, Tensor)
        ]
        if strangers:
            raise NotConverted(f"it is called with {_named(strangers[0])}, which is not a tensor")
    if len({_signature(call) for call in calls}) > 1:
        raise NotConverted("it is called with different numbers or types of tensors")
    traced: Converted = torch.jit.trace(target, calls[0].arguments, check_trace=False, strict=False)
    return traced


def _script(target: Any, calls: Sequence[Call]) -> Converted:  # noqa: ARG001 - as _trace
    scripted: Converted = torch.jit.script(target)
    return scripted


def _signature(call: Call) -> tuple[object, ...]:
    leaves, structure = compat.pytree.tree_flatten(call.arguments)
    return str(structure), tuple((leaf.dtype, leaf.device, leaf.dim()) for leaf in leaves)


def _summary(
    mode: str, replaced: Mapping[str, object], refused: Mapping[str, str]
) -> tuple[Finding, ...]:
    names = ", ".join(replaced)
    said = f"In mode {mode}, {names} ran as TorchScript and the rest of the cell eagerly."
    whole = Finding("partly-replaced", "hint", said, operands=tuple(replaced))
    others = tuple(
        Finding("not-replaced", "hint", f"In mode {mode}, {name} ran eagerly: {why}.", None)
        for name, why in refused.items()
    )
    return (DEPRECATED, whole, *others)


def _nothing_to_do(mode: str, refused: Mapping[str, str]) -> tuple[str, str]:
    if refused:
        reasons = "; ".join(f"{name}: {why}" for name, why in refused.items())
        return f"Mode {mode} can replace nothing in this cell ({reasons}).", ""
    reason = f"Mode {mode} replaces the modules and functions that a cell calls; here are none."
    return reason, "Put the computation into a function or an nn.Module and call it."


def _named(value: object) -> str:
    """A short value as it is written, anything else by its type."""
    plain = isinstance(value, int | float | str | bool | None)
    return f"{value!r:.40}" if plain else f"a value of type {type(value).__name__}"


def _one_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
